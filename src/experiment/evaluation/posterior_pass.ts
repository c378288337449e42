import { concat } from "../../concat.ts";
import type { LabelledMeans } from "../../metrics/labelled_means.ts";
import { klPerDimension } from "../../models/losses/kl.ts";
import { tf } from "../../tf.ts";
import type { EvaluationContext } from "./context.ts";
import { lossLikelihood } from "./trained_likelihood.ts";
import { type Encoded, labelled } from "./training_means.ts";

/** Means over the images evaluated of what one draw of z gives. */
interface PosteriorSums extends Encoded {
  /** Mean squared error of images decoded from z ~ q(z | x), in [0, 1]. */
  readonly mse: number;
  /** KL(q(z | x) || N(0, I)) of each dimension in nats. */
  readonly klPerDimension: Float64Array;
  /** log p(x | z) under the likelihood that the loss stands for, in nats per image. */
  readonly trainedLogDensity: number | undefined;
}

export const posteriorSums = (context: EvaluationContext): Promise<PosteriorSums> =>
  context.once("posteriors", () => posteriorPass(context));

/** Posterior means of the images evaluated, with the data set's labels. */
export const evaluatedMeans = (context: EvaluationContext): Promise<LabelledMeans> =>
  context.once("evaluated means", async () => labelled(await posteriorSums(context)));

async function posteriorPass(context: EvaluationContext): Promise<PosteriorSums> {
  const found = lossLikelihood(context.run);
  const likelihood = typeof found === "object" ? found : undefined;
  const means: Float32Array[] = [];
  const labels: Float32Array[] = [];
  let [count, squares, logDensity] = [0, 0, 0];
  let kl = new Float64Array(0);
  await context.each((images, batchLabels, host, index) => {
    const ctx = context.ctx(context.rng.fold("posterior").fold(index), batchLabels);
    const { name, mean, logVar, z } = context.posterior(images, ctx);
    const decoded = context.decode(name, z, ctx);
    const x = context.unit(images);
    squares += tf.sum(tf.square(tf.sub(x, decoded))).dataSync()[0]!;
    if (likelihood) logDensity += tf.sum(likelihood.logDensity(x, decoded)).dataSync()[0]!;
    const sums = tf.sum(klPerDimension(mean, logVar), 0).dataSync();
    if (kl.length === 0) kl = new Float64Array(sums.length);
    for (const [d, v] of sums.entries()) kl[d]! += v;
    means.push(mean.dataSync() as Float32Array);
    if (host.labels) labels.push(host.labels);
    count += host.shape[0];
  });
  return {
    means: concat(means),
    dims: kl.length,
    labels: concat(labels),
    count,
    mse: squares / (count * context.dims),
    klPerDimension: kl.map((v) => v / count),
    trainedLogDensity: likelihood && logDensity / count,
  };
}
