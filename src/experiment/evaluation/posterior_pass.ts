import { concat } from "../../concat.ts";
import { atMeans, klOf, logProbOf, meansOf, sideBySide, widthsOf } from "../../explore/posteriors.ts";
import type { LabelledMeans } from "../../metrics/labelled_means.ts";
import { tf } from "../../tf.ts";
import type { EvaluationContext } from "./context.ts";
import { lossLikelihood } from "./trained_likelihood.ts";
import { type Encoded, labelled } from "./training_means.ts";

/** Means over the images evaluated of what one draw of z gives. */
interface PosteriorSums extends Encoded {
  /** Mean squared error of images decoded from z ~ q(z | x), in [0, 1]. */
  readonly mse: number;
  /**
   * KL(q(z | x) || p(z)) in nats: in closed form where p(z) is N(0, I) or uniform, of a latent below others given their draws;
   * else by the draw.
   */
  readonly kl: number;
  /** KL(q(z | x) || N(0, I)) of each dimension in nats, of a categorical variable to the uniform; 0 of points. */
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
  let drawnKl = 0;
  const { vae } = context.run;
  await context.each((images, batchLabels, host, index) => {
    const ctx = context.ctx(context.rng.fold("posterior").fold(index), batchLabels);
    const latents = context.latents(images, ctx);
    const { posterior, z } = latents;
    const decoded = context.decode(z, ctx);
    const x = context.unit(images);
    squares += tf.sum(tf.square(tf.sub(x, decoded))).dataSync()[0]!;
    if (vae.logPrior) {
      const own = Object.entries(posterior).map(([name, q]) => tf.sum(logProbOf(q, z[name]!)));
      drawnKl += tf.sub(tf.addN(own), tf.sum(vae.logPrior(z, ctx))).dataSync()[0]!;
    }
    if (likelihood) logDensity += tf.sum(likelihood.logDensity(x, decoded)).dataSync()[0]!;
    const kls = Object.values(posterior).map(
      (q) => klOf(q) ?? tf.zeros([images.shape[0], widthsOf([q]).length]),
    );
    const sums = tf.sum(sideBySide(kls), 0).dataSync();
    if (kl.length === 0) kl = new Float64Array(sums.length);
    for (const [d, v] of sums.entries()) kl[d]! += v;
    means.push(meansOf(atMeans(vae, images, ctx, latents)).dataSync() as Float32Array);
    if (host.labels) labels.push(host.labels);
    count += host.shape[0];
  });
  const all = concat(means);
  const { widths = [] } = (await context.posteriorKinds()) ?? {};
  return {
    means: all,
    dims: all.length / count,
    widths,
    labels: concat(labels),
    count,
    mse: squares / (count * context.dims),
    kl: (vae.logPrior ? drawnKl : kl.reduce((a, b) => a + b, 0)) / count,
    klPerDimension: kl.map((v) => v / count),
    trainedLogDensity: likelihood && logDensity / count,
  };
}
