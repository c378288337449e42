import { writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { decodeImage } from "../../../src/data/image_folder/decode.ts";
import { dataFolder, first, open } from "../../support/data.ts";
import { all, folder, images, numbered, numbers, plain, wholly } from "../../support/image_folders.ts";

/** An uncompressed TIFF of one grey row, 8x8 pixels, of 32-bit floats (3) or integers (2). */
function tiff32(format: 2 | 3): Buffer {
  const tags: [tag: number, type: 3 | 4, value: number][] = [
    [256, 3, 8], // width
    [257, 3, 8], // height
    [258, 3, 32], // bits
    [259, 3, 1], // uncompressed
    [262, 3, 1], // black is zero
    [273, 4, 256], // where the pixels are
    [277, 3, 1], // channels
    [278, 3, 8], // rows
    [279, 4, 256], // bytes
    [339, 3, format],
  ];
  const file = Buffer.alloc(512);
  file.write("II*\0", "latin1");
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(tags.length, 8);
  tags.forEach(([tag, type, value], i) => {
    const at = 10 + 12 * i;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(1, at + 4);
    file.writeUInt32LE(value, at + 8);
  });
  return file;
}

it("images of one pixel, a palette with transparency and two million rows are read", async () => {
  const rgba = { width: 8, height: 8, channels: 4, background: { r: 9, g: 0, b: 0, alpha: 0 } } as const;
  const clear = await sharp({ create: rgba }).png({ palette: true }).toBuffer();
  const long = await sharp({ create: { width: 1, height: 2_000_000, channels: 3, background: "#c80000" } })
    .png()
    .toBuffer();
  const files = { "a.png": await plain([200, 0, 0], "png", 1), "b.png": clear, "c.png": long };
  const data = await open(folder(dataFolder(files), wholly));
  expect([await numbers(data.splits.train), data.skipped]).toEqual([[200, 255, 200], []]);
}, 30_000);

it("the middle that is kept of a long image is what resizing all of it gives", async () => {
  const noise = Uint8Array.from(first(3 * 9 * 500), (i) => (i * 7919 + (i >> 3) * 104729) & 255);
  const file = join(dataFolder(), "noise.png");
  await sharp(noise, { raw: { width: 9, height: 500, channels: 3 } })
    .png()
    .toFile(file);
  const { resize } = await import("../../../src/data/transforms.ts");
  const whole = resize({ data: noise, width: 9, height: 500, channels: 3 }, 16, Math.floor((16 * 500) / 9));
  const top = Math.round((whole.height - 16) / 2);
  const middle = whole.data.subarray(top * 48, (top + 16) * 48);
  expect(Buffer.from(await decodeImage(file, { size: 16, channels: 3 })).equals(middle)).toBe(true);
});

it.each([
  [3, "float"],
  [2, "int"],
] as const)(
  "TIFF of 32-bit numbers (%i) is skipped, because nothing says what is white",
  async (format, name) => {
    const root = await numbered(["0.png"]);
    writeFileSync(join(root, "x.tif"), tiff32(format));
    const { skipped } = await open(folder(root, { ...wholly, max_bad_share: 1 }));
    expect(skipped).toEqual([
      `x.tif: has pixels of type ${name}, of which none says what is white: save it with 8 or 16 bits`,
    ]);
  },
);

it("names with blanks, #, quotes, brackets, line feeds and letters of any script are read, and said on one line", async () => {
  const names = ["a b.png", "c#1.png", `d"'.png`, "e[x]{y}*.png", "f\ng.png", "é ü 写真.png", " h .png"];
  const root = await numbered(names);
  writeFileSync(join(root, "z\nz.jpg"), "no image");
  const data = await open(folder(root, { ...wholly, max_bad_share: 1 }));
  expect((await numbers(data.splits.train)).toSorted()).toEqual(first(names.length));
  expect(data.splits.train.files?.toSorted()).toEqual(names.toSorted());
  expect(data.skipped).toEqual([expect.stringMatching(/^z\\nz\.jpg: [^\n]*$/)]);
});

it("a name that is not UTF-8 is skipped by its reason", async () => {
  const root = await numbered(["0.png"]);
  const name = Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9]), Buffer.from(".png")]);
  writeFileSync(name, await plain([1, 0, 0]));
  const { skipped, splits } = await open(folder(root, { ...wholly, max_bad_share: 1 }));
  expect(await numbers(splits.train)).toEqual([0]);
  expect(skipped).toEqual(["caf\uFFFD.png: its name is not UTF-8: rename it"]);
});

it("empty sub-folders are no class and no split", async () => {
  const root = await numbered(["train/cat/0.png", "val/cat/1.png"]);
  const { mkdirSync } = await import("node:fs");
  mkdirSync(join(root, "train/dog"));
  mkdirSync(join(root, "test"));
  const data = await open(folder(root, { label_from: "folder", ...wholly }));
  expect([data.valueNames, data.splits.test.size]).toEqual([[["cat"]], 0]);
  expect(data.splitNote).toContain("By the sub-folders train, val.");
  expect((await all(data.splits.val)).labels).toEqual(Float32Array.of(0));
});

it("animated images give their first picture", async () => {
  const frames = Object.values(await images(["a", "b"])).map((frame) => sharp(frame).resize(8, 8));
  const raw = Buffer.concat(await Promise.all(frames.map((frame) => frame.raw().toBuffer())));
  const options = { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } } as const;
  const root = dataFolder({ "a.webp": await sharp(raw, options).webp({ lossless: true }).toBuffer() });
  expect(await numbers((await open(folder(root, wholly))).splits.train)).toEqual([0]);
});
