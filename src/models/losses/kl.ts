import { type Scalar, type Tensor, tf } from "../../tf.ts";

/**
 * KL(N(mean, exp(logVar)) || N(0, I)) in nats per image: summed over all latent dimensions, mean over the
 * batch; at least 0. `mean`, `logVar`: [B, …]. Kingma & Welling, arXiv 1312.6114, appendix B (sign flipped:
 * theirs is -KL).
 */
export function klToUnitGaussian(mean: Tensor, logVar: Tensor): Scalar {
  return tf.mean(tf.sum(klPerDimension(mean, logVar), mean.shape.map((_, i) => i).slice(1)));
}

/** KL(N(mean, exp(logVar)) || N(0, 1)) of each dimension in nats, [B, …]; (mean^2 + var - 1 - log var) / 2. */
export function klPerDimension(mean: Tensor, logVar: Tensor): Tensor {
  return tf.mul(0.5, tf.sub(tf.add(tf.square(mean), tf.exp(logVar)), tf.add(logVar, 1)));
}

/** `klPerDimension` of numbers. */
export const klOfNumbers = (mean: number, logVar: number): number =>
  0.5 * (mean ** 2 + Math.exp(logVar) - 1 - logVar);
