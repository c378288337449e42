import type { HostBatch } from "../data/loader.ts";
import { gridPng } from "../images/grid.ts";
import { newCtx } from "../models/ctx.ts";
import type { Ctx, VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { tf } from "../tf.ts";
import { withTensors } from "./batch.ts";

/** Images in the images' range, packed. */
interface Pictures {
  readonly data: Float32Array;
  readonly shape: readonly [number, number, number, number];
}

/** `count` samples of the prior as a PNG, the same noise at every call; undefined where there is no prior. */
export async function sampleGrid(
  vae: VAE,
  count: number,
  rng: Rng,
  range: Range,
): Promise<Buffer | undefined> {
  if (vae.sample === undefined) return undefined;
  const images = tf.tidy(() => vae.sample!(count, context(rng)));
  const pictures: Pictures = { data: images.dataSync() as Float32Array, shape: images.shape };
  images.dispose();
  return gridOf(pictures, Math.ceil(Math.sqrt(count)), range);
}

/** Images and, right of each, its reconstruction, as a PNG. */
export async function reconstructionGrid(vae: VAE, host: HostBatch, rng: Rng, range: Range): Promise<Buffer> {
  const pictures = withTensors(host, ({ images, labels }) => {
    const ctx = labels === undefined ? context(rng) : { ...context(rng), labels };
    const pairs = tf.tidy(() => tf.concat([images, vae.reconstruct(images, ctx)], 2)); // side by side
    const shape = pairs.shape;
    const result: Pictures = { data: pairs.dataSync() as Float32Array, shape };
    pairs.dispose();
    return result;
  });
  return gridOf(pictures, Math.max(1, Math.floor(Math.sqrt(host.shape[0] / 2))), range);
}

type Range = readonly [number, number];

const context = (rng: Rng): Ctx => newCtx({ training: false, rng });

const gridOf = ({ data, shape }: Pictures, columns: number, range: Range): Promise<Buffer> =>
  gridPng(data, shape, { columns, range });
