import { statSync } from "node:fs";
import { join } from "node:path";
import { centerCropOf } from "../data/image_folder/crop.ts";
import { decodeImage } from "../data/image_folder/decode.ts";
import { ConfigError, DataError } from "../errors.ts";
import type { Images } from "./images.ts";

const IMAGES = "**/*.{jpg,jpeg,png,webp}";

/** What a model takes. */
export interface Wanted {
  /** [H, W, C]. */
  readonly imageShape: readonly [number, number, number];
  readonly imageRange: readonly [number, number];
  /** `data_params.center_crop`, where the config says it. */
  readonly centerCrop?: number | undefined;
}

/**
 * Images of files as the model takes them: cropped and resized as an image folder's, in the model's range.
 *
 * @param patterns files, folders (all images in them) and globs
 * @throws ConfigError where a pattern fits no file, DataError where one can't be read
 */
export async function readImages(
  patterns: readonly string[],
  { imageShape: [height, width, channels], imageRange: [low, high], centerCrop }: Wanted,
): Promise<Images & { readonly files: readonly string[] }> {
  const files = await listFiles(patterns);
  const crop = centerCropOf(centerCrop, files);
  const side = Math.max(height, width);
  const transform = { size: side, channels: channels as 1 | 3, ...(crop > 0 && { centerCrop: crop }) };
  const pixels = height * width * channels;
  const images = new Float32Array(files.length * pixels);
  for (const [n, file] of files.entries()) {
    const bytes = await decodeImage(file, transform).catch((cause: Error) => {
      throw new DataError(
        `${file}: expected a JPEG, PNG or WebP image, got a file that can't be read as one (${cause.message}).`,
        { cause },
      );
    });
    bytes.forEach((byte, i) => {
      images[n * pixels + i] = low + (byte / 255) * (high - low);
    });
  }
  return { images, shape: [files.length, height, width, channels], files };
}

async function listFiles(patterns: readonly string[]): Promise<string[]> {
  const { glob } = await import("glob");
  const found: string[] = [];
  for (const pattern of patterns) {
    const stat = statSync(pattern, { throwIfNoEntry: false });
    if (stat?.isFile()) found.push(pattern);
    else {
      const folder = stat?.isDirectory();
      const files = folder
        ? (await glob(IMAGES, { cwd: pattern, nocase: true, nodir: true })).map((file) => join(pattern, file))
        : await glob(pattern, { nodir: true });
      if (files.length === 0) {
        throw new ConfigError(
          `"${pattern}": expected an image, a folder of images or a glob, got ${folder ? "a folder without images" : "no such file"} (the current folder is ${process.cwd()}).`,
        );
      }
      found.push(...files.sort());
    }
  }
  return found;
}
