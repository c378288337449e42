import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { expect, it } from "vitest";
import yazl from "yazl";
import type { Split } from "../../src/data/dataset.ts";
import { DataError } from "../../src/errors.ts";
import { ATTRIBUTES, celebaFiles, celebaTables, face, faceName } from "../support/celeba.ts";
import { dataFolder, failure, first, open } from "../support/data.ts";

const files = await celebaFiles(8);
const celeba = (data_path: string, more: object = {}) =>
  open({ name: "celeba", data_path, patch_size: 32, ...more });
/** Pixel [y, x] of example i: column, row and number of the image, about. */
async function pixel(split: Split, i: number, y: number, x: number, size = 32): Promise<number[]> {
  const { images } = await split.read([i]);
  return [...images.subarray((y * size + x) * 3, (y * size + x) * 3 + 3)];
}
async function numbers(split: Split): Promise<number[]> {
  const all = await Promise.all(first(split.size).map((i) => pixel(split, i, 16, 16)));
  return all.map(([, , blue]) => Math.round(blue! / 10));
}

/** `files` as CelebA's authors lay them out: folders of their own, the images in a zip. */
async function zipped(): Promise<string> {
  const zip = new yazl.ZipFile();
  for (const [name, content] of Object.entries(files))
    if (name.endsWith(".jpg")) zip.addBuffer(Buffer.from(content as Uint8Array), name, { compress: false });
  zip.end();
  const tables = celebaTables(8);
  return dataFolder({
    "Anno/list_attr_celeba.txt": tables["list_attr_celeba.txt"]!,
    "Eval/list_eval_partition.txt": tables["list_eval_partition.txt"]!,
    "Img/img_align_celeba.zip": await buffer(zip.outputStream),
  });
}

it.each([
  ["a folder of images", async () => dataFolder(files)],
  [
    "torchvision's folder",
    async () =>
      dataFolder(
        Object.fromEntries(Object.entries(files).map(([name, content]) => [`celeba/${name}`, content])),
      ),
  ],
  ["the authors' folders and zip", zipped],
])("%s gives the images by CelebA's own partition, with their attributes", async (_, make) => {
  const data = await celeba(await make());
  const { train, val, test } = data.splits;
  expect(await numbers(train)).toEqual([3, 4, 7, 8]);
  expect(await numbers(val)).toEqual([1, 5]);
  expect(await numbers(test)).toEqual([2, 6]);
  expect(data.labelNames).toEqual(ATTRIBUTES);
  const { labels } = await train.read([0, 1]);
  expect([...labels!]).toEqual([1, 1, 0, 0, 0, 1]); // 3 has Bangs and Male, 4 is Smiling
  expect(data.splitNote).toContain("4 train, 2 val, 2 test");
  await data.close();
});

it("crops as PyTorch-VAE or as the paper's authors do", async () => {
  const root = dataFolder(files);
  // At 148 and 138 the crop is not resized: the corner's column and row are what is left out before it.
  const middle = (await celeba(root, { patch_size: 148 })).splits.train;
  const corner = await pixel(middle, 0, 0, 0, 148);
  expect(Math.abs(corner[0]! - 15)).toBeLessThanOrEqual(2);
  expect(Math.abs(corner[1]! - 35)).toBeLessThanOrEqual(2);
  const paper = (await celeba(root, { patch_size: 138, crop: "paper" })).splits.train;
  const other = await pixel(paper, 0, 0, 0, 138);
  expect(Math.abs(other[0]! - 30)).toBeLessThanOrEqual(2);
  expect(Math.abs(other[1]! - 40)).toBeLessThanOrEqual(2);
});

it("faces that were cropped before are no faces for the paper's crop", async () => {
  const small = await face(1, 64, 64);
  const root = dataFolder({ ...celebaTables(1), "img_align_celeba/000001.jpg": small });
  const { message } = await failure(celeba(root, { crop: "paper" }));
  expect(message).toMatch(/000001\.jpg: too small: expected at least 168x178, got 64x64/);
});

it("a part of the images is enough, and damaged ones are skipped with their attributes", async () => {
  const root = dataFolder(files);
  rmSync(join(root, "img_align_celeba", faceName(3)));
  writeFileSync(join(root, "img_align_celeba", faceName(4)), "no image");
  const data = await celeba(root, { max_bad_share: 0.5 });
  expect(await numbers(data.splits.train)).toEqual([7, 8]);
  expect([...(await data.splits.train.read([0])).labels!]).toEqual([1, 1, 1]);
  expect(data.splitNote).toContain("1 images of it are not there");
  expect(data.skipped).toEqual([expect.stringContaining("000004.jpg: ")]);
});

it("what is missing is named, and where people get it", async () => {
  const message = async (change: (root: string) => void) => {
    const root = dataFolder(files);
    change(root);
    const error = await failure(celeba(root));
    expect(error).toBeInstanceOf(DataError);
    return error.message;
  };
  const where = /https:\/\/mmlab\.ie\.cuhk\.edu\.hk\/projects\/CelebA\.html/;
  for (const name of ["list_attr_celeba.txt", "list_eval_partition.txt", "img_align_celeba"]) {
    const said = await message((root) => rmSync(join(root, name), { recursive: true }));
    expect(said).toMatch(new RegExp(`expected ${name}`));
    expect(said).toMatch(where);
  }
  expect((await failure(celeba("/nowhere"))).message).toMatch(where);
  expect((await failure(open({ name: "celeba" }))).message).toMatch(where);
  const write = (name: string, text: string) => (root: string) => writeFileSync(join(root, name), text);
  expect(await message(write("list_eval_partition.txt", "000001.jpg 3\n"))).toMatch(
    /list_eval_partition\.txt:1: expected a file name and 0, 1 or 2, got "000001\.jpg 3"/,
  );
  expect(await message(write("list_attr_celeba.txt", "1\nA B\n000001.jpg 1\n"))).toMatch(
    /list_attr_celeba\.txt:3: expected a file name and 2 times 1 or -1/,
  );
});

it("a damaged zip is refused", async () => {
  const root = dataFolder({ ...celebaTables(8), "img_align_celeba.zip": await face(1) });
  expect((await failure(celeba(root))).message).toMatch(/img_align_celeba\.zip: can't be read as a zip/);
});

it("the tables as comma-separated values are read too", async () => {
  const { "list_attr_celeba.txt": attributes, "list_eval_partition.txt": partition, ...images } = files;
  const comma = (text: string) => text.trim().replaceAll(/ +/g, ",").replaceAll(/,$/gm, "");
  const root = dataFolder({
    ...images,
    "list_attr_celeba.csv": comma(String(attributes)).replace(/^8\n/, "image_id,"),
    "list_eval_partition.csv": `image_id,partition\n${comma(String(partition))}\n`,
  });
  const { splits } = await celeba(root);
  expect(await numbers(splits.train)).toEqual([3, 4, 7, 8]);
  expect([...(await splits.train.read([0])).labels!]).toEqual([1, 1, 0]);
});
