import type { VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { type Dimension, dimensionsByActivity } from "./dimensions.ts";
import { setLabels } from "./given_labels.ts";
import { type Images, inBatches, slice } from "./images.ts";
import { encodeAll, encodeImages } from "./latents.ts";
import { linspace } from "./lines.ts";
import { columnsOf, rowValues, traverse, traversed } from "./traverse.ts";

export interface TraversalOptions {
  /** Rows: the most active dimensions and variables. */
  readonly dimensions: number;
  /** First and last value of a row; left out: -3 to 3, or the range of the model's prior. */
  readonly values?: readonly [number, number] | undefined;
  /** Values of a row. */
  readonly steps: number;
  /** Labels by column in place of the image's own, for a model that is conditioned on them. */
  readonly given: ReadonlyMap<number, number>;
}

/** What each of the most active dimensions does. */
export interface Traversed {
  /** Packed [rows x columns, H, W, C], NaN where a row has fewer values than the others. */
  readonly images: Images;
  readonly columns: number;
  /** Those of the rows. */
  readonly shown: readonly Dimension[];
  /** The values of each row. */
  readonly rows: readonly (readonly number[])[];
  /** Of a row of numbers. */
  readonly values: readonly number[];
  /** All of the model's, the most active first. */
  readonly dimensions: readonly Dimension[];
}

/**
 * One dimension of z changed at a time, those first whose KL is highest on `seen`, from the first image of `start` or of
 * `seen`. Undefined where z is a grid of codes.
 */
export async function traversal(
  vae: VAE,
  { seen, start }: { readonly seen: Images; readonly start?: Images | undefined },
  { dimensions, values: given, steps, given: labelled }: TraversalOptions,
  rng: Rng,
): Promise<Traversed | undefined> {
  const latents = await encodeAll(vae, inBatches(seen, 64), rng.fold("kl"));
  const found = dimensionsByActivity(latents);
  if (found === undefined) return undefined;
  const { layout } = latents;
  const place =
    start === undefined ? latents.place : (await encodeImages(vae, start, rng.fold("start"))).place;
  const own = slice(start ?? seen, 0, 1).labels;
  const labels = own && setLabels(own, own.length, labelled);
  const shown = found.slice(0, dimensions);
  const values = linspace(...(given ?? traversed(vae)), steps);
  const from = place.subarray(0, layout.size);
  return {
    images: await traverse(vae, layout, from, shown, values, rng.fold("traverse"), labels),
    columns: columnsOf(shown, values),
    shown,
    rows: shown.map((dimension) => rowValues(dimension, values)),
    values,
    dimensions: found,
  };
}
