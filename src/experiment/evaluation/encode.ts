import { concat } from "../../concat.ts";
import type { Codes } from "../../metrics/codes.ts";
import { tf } from "../../tf.ts";
import type { SplitName } from "../trained/open_trained.ts";
import { withTensors } from "../training/batch.ts";
import type { FigureContext } from "./context.ts";

/** Training images whose codes figures are trained on, at most. */
export const TRAINING_CODES = 5_000;

/** Posterior means of images, and their labels. */
export interface Encoded {
  /** Packed [n, dims]. */
  readonly means: Float32Array;
  readonly dims: number;
  /** Packed [n, labels]; empty where the data set has none. */
  readonly labels: Float32Array;
  readonly count: number;
}

/** Codes of training images, with the data set's labels. */
export const trainingCodes = (context: FigureContext): Promise<Codes> =>
  context.once("training codes", async () => toCodes(await encodeAll(context, "train", TRAINING_CODES)));

/** Of at most `limit` images of a split. */
async function encodeAll(context: FigureContext, split: SplitName, limit: number): Promise<Encoded> {
  const loader = await context.run.loader(split, { limit });
  const means: Float32Array[] = [];
  const labels: Float32Array[] = [];
  let index = 0;
  let count = 0;
  for await (const host of loader.batches(0)) {
    const rng = context.rng.fold("encode").fold(index++); // the mean doesn't depend on it
    const values = withTensors(host, ({ images, labels }) =>
      tf.tidy(() => context.posterior(images, context.ctx(rng, labels)).mean.dataSync()),
    );
    means.push(values as Float32Array);
    if (host.labels) labels.push(host.labels);
    count += host.shape[0];
    await new Promise(setImmediate);
  }
  const all = concat(means);
  return { means: all, dims: count === 0 ? 0 : all.length / count, labels: concat(labels), count };
}

export function toCodes({ means, dims, labels, count }: Encoded): Codes {
  return { means, dims, count, labels: Int32Array.from(labels), factors: labels.length / count };
}
