import type { Likelihood } from "../../metrics/likelihood.ts";
import { importanceWeighted } from "../../metrics/log_likelihood.ts";
import { logPriorRatio } from "../../models/losses/importance.ts";
import { type Tensor1D, type Tensor2D, tf } from "../../tf.ts";
import type { EvaluationContext } from "./context.ts";

/** The importance-weighted bound of each likelihood, K = `options.draws`, the mean over images in nats. */
export async function importancePass(
  context: EvaluationContext,
  likelihoods: readonly Likelihood[],
): Promise<number[]> {
  const { draws } = context.options;
  const sums = likelihoods.map(() => 0);
  let count = 0;
  await context.each((images, labels, host, index) => {
    const rng = context.rng.fold("importance").fold(index);
    const { name, mean, logVar, z: like } = context.posterior(images, context.ctx(rng, labels));
    const x = context.unit(images);
    const weights = likelihoods.map(() => [] as ArrayLike<number>[]); // [likelihood][draw][image]
    for (let k = 0; k < draws; k++) {
      const found = tf.tidy(() => {
        const noise = rng.fold(k).normal<Tensor2D>(mean.shape);
        const z = tf.add<Tensor2D>(mean, tf.mul(tf.exp(tf.mul(0.5, logVar)), noise));
        const decoded = context.decode(name, tf.reshape(z, like.shape), context.ctx(rng.fold(k), labels));
        const ratio = logPriorRatio<Tensor1D>(z, noise, logVar);
        return likelihoods.map((p) => tf.add<Tensor1D>(p.logDensity(x, decoded), ratio));
      });
      for (const [i, w] of found.entries()) weights[i]!.push(w.dataSync());
      tf.dispose(found);
    }
    for (let n = 0; n < host.shape[0]; n++)
      for (const [i, w] of weights.entries()) sums[i]! += importanceWeighted(w.map((draw) => draw[n]!));
    count += host.shape[0];
  });
  return sums.map((sum) => sum / count);
}
