import { createHash } from "node:crypto";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { decodeImage } from "../../src/data/image_folder/decode.ts";
import { dataFolder } from "../support/data.ts";

type Case = [width: number, height: number, channels: 1 | 3, crop: number, size: number, sha256: string];

/** Made by pil_resize.py with Pillow 13.0.0: crop, resize and crop of noise, and the start of its SHA-256. */
const PILLOW: Case[] = [
  [178, 218, 3, 148, 64, "4bb460dfc1444ea6"],
  [640, 427, 3, 0, 64, "b1702661381333a3"],
  [427, 641, 3, 0, 128, "239fdd9fd5bd1e78"],
  [20, 30, 3, 0, 64, "24512806d6389cf2"],
  [100, 121, 3, 111, 64, "96adc893a7ff3782"],
  [67, 64, 3, 0, 64, "9b761c129c1448d9"],
  [65, 64, 3, 0, 64, "27704b860b60b202"],
  [7, 300, 3, 0, 28, "8a848a5fbe8e1655"],
  [64, 64, 3, 0, 64, "c04a00147f7d1271"],
  [33, 47, 1, 0, 28, "3e4a6df73596a46d"],
  [178, 218, 1, 148, 64, "3e5abb1706881440"],
];

/** The script's own random bytes. */
function noise(count: number): Uint8Array {
  let x = 1;
  return Uint8Array.from({ length: count }, () => {
    x = (Math.imul(1103515245, x) + 12345) & 0x7fffffff;
    return (x >> 16) & 255;
  });
}

describe("the transform of an image gives Pillow's bytes", () => {
  it.each(PILLOW)(
    "%i x %i, %i channels, crop %i, size %i",
    async (width, height, channels, crop, size, sha) => {
      const file = join(dataFolder(), "noise.png");
      await sharp(noise(3 * width * height), { raw: { width, height, channels: 3 } })
        .png()
        .toFile(file);
      const bytes = await decodeImage(file, { size, channels, ...(crop > 0 && { centerCrop: crop }) });
      expect(bytes.length).toBe(size * size * channels);
      expect(createHash("sha256").update(bytes).digest("hex").slice(0, 16)).toBe(sha);
    },
  );
});
