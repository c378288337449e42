import sharp from "sharp";
import type { Split } from "../../src/data/dataset.ts";
import { dataFolder, first } from "./data.ts";

export type Color = readonly [number, number, number];
export type Format = "png" | "jpeg" | "webp";

/** A square image of one colour. */
export const plain = (color: Color, format: Format = "png", size = 8): Promise<Buffer> =>
  sharp({ create: { width: size, height: size, channels: 3, background: rgb(color) } })
    .toFormat(format)
    .toBuffer();
const rgb = ([r, g, b]: Color) => ({ r, g, b });

/** A folder of 8x8 images, file i in the colour [i, 0, 0]. */
export async function numbered(paths: readonly string[]): Promise<string> {
  return dataFolder(await images(paths));
}
/** The files of `numbered`, file i in the colour [from + i, 0, 0]. */
export async function images(paths: readonly string[], from = 0): Promise<Record<string, Buffer>> {
  const made = paths.map(async (path, i) => [path, await plain([from + i, 0, 0])] as const);
  return Object.fromEntries(await Promise.all(made));
}

/** All examples of a split. */
export const all = (split: Split) => split.read(first(split.size));
/** Colour of the top left pixel of each image. */
export async function colors(split: Split, bytes = 3 * 8 * 8): Promise<number[][]> {
  const { images: packed } = await all(split);
  return first(split.size).map((i) => [...packed.subarray(i * bytes, i * bytes + 3)]);
}
/** The numbers of the images that `numbered` made. */
export const numbers = async (split: Split) => (await colors(split)).map(([red]) => red!);
/** `data_params` of a folder of images, 8x8. */
export const folder = (data_path: string, more: object = {}) => ({
  name: "image_folder",
  data_path,
  patch_size: 8,
  ...more,
});
/** All images for training. */
export const wholly = { splits: { val: 0, test: 0 } };
