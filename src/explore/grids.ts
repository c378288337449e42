import { gridPng } from "../images/grid.ts";
import type { VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { beside, type Images } from "./images.ts";
import { reconstruct, sample } from "./pictures.ts";

type Range = readonly [number, number];

/** `count` samples of the prior as a PNG, the same noise at every call; undefined where there is no prior. */
export async function sampleGrid(
  vae: VAE,
  count: number,
  rng: Rng,
  range: Range,
): Promise<Buffer | undefined> {
  if (vae.sample === undefined) return undefined;
  return squareGrid(await sample(vae, count, rng), range);
}

/** Images and, right of each, its reconstruction, as a PNG; and the reconstructions. */
export async function reconstructionGrid(
  vae: VAE,
  host: Images,
  rng: Rng,
  range: Range,
): Promise<{ png: Buffer; reconstructed: Images }> {
  const reconstructed = await reconstruct(vae, host, rng);
  return { png: await squareGrid(beside(host, reconstructed), range), reconstructed };
}

/** As many pixels wide as high, or nearly so, enlarged by `scale` or so that one can see it. */
export function squareGrid({ images, shape }: Images, range: Range, scale?: number): Promise<Buffer> {
  const [count, height, width] = shape;
  const columns = Math.ceil(Math.sqrt((count * height) / width) - 1e-9);
  return gridPng(images, shape, { columns: Math.max(1, columns), range, scale });
}
