import { concat } from "../../concat.ts";
import type { LabelledMeans } from "../../metrics/labelled_means.ts";
import { nextTurn } from "../../process/turn.ts";
import { tf } from "../../tf.ts";
import { withTensors } from "../training/batch.ts";
import type { EvaluationContext } from "./context.ts";

/** Training images that metrics train on, at most. */
export const TRAINING_IMAGES = 5_000;

/** Posterior means of images, and their labels. */
export interface Encoded {
  /** Packed [n, dims]. */
  readonly means: Float32Array;
  readonly dims: number;
  /** Columns of each unit of z. */
  readonly widths: readonly number[];
  /** Packed [n, labels]; empty where the data set has none. */
  readonly labels: Float32Array;
  readonly count: number;
}

/** Posterior means of training images, with the data set's labels. */
export const trainingMeans = (context: EvaluationContext): Promise<LabelledMeans> =>
  context.once("training means", async () => labelled(await encodeTraining(context)));

async function encodeTraining(context: EvaluationContext): Promise<Encoded> {
  const loader = await context.run.loader("train", { limit: TRAINING_IMAGES });
  const means: Float32Array[] = [];
  const labels: Float32Array[] = [];
  let count = 0;
  for await (const host of loader.batches(0)) {
    const values = withTensors(host, ({ images, labels }) =>
      tf.tidy(() => context.means(images, context.ctx(context.rng, labels)).dataSync()),
    );
    means.push(values as Float32Array);
    if (host.labels) labels.push(host.labels);
    count += host.shape[0];
    await nextTurn();
  }
  const all = concat(means);
  const dims = count === 0 ? 0 : all.length / count;
  const { widths = [] } = (await context.posteriorKinds()) ?? {};
  return { means: all, dims, widths, labels: concat(labels), count };
}

export function labelled({ means, dims, widths, labels, count }: Encoded): LabelledMeans {
  return { means, dims, widths, count, labels: Int32Array.from(labels), factors: labels.length / count };
}
