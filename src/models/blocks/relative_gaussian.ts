import { type Tensor2D, tf } from "../../tf.ts";
import type { Gaussian } from "./gaussian_head.ts";

/**
 * q(z) in the coordinates of p, u = (z - mean_p) / deviation_p, in which p is N(0, I): the KL of the result to N(0, I) is
 * KL(q || p), dimension by dimension.
 */
export function relativeTo(p: Gaussian, q: Gaussian): Gaussian {
  const mean = tf.mul<Tensor2D>(tf.sub(q.mean, p.mean), tf.exp(tf.mul(-0.5, p.logVar)));
  return { mean, logVar: tf.sub(q.logVar, p.logVar) };
}

/** z of coordinates u in p, [B, D]. */
export const placedIn = (p: Gaussian, u: Tensor2D): Tensor2D =>
  tf.add(p.mean, tf.mul(tf.exp(tf.mul(0.5, p.logVar)), u));

/**
 * The product of p and of what an image says of z, normalized: the mean of both weighted by their precisions, which add up.
 * In p's coordinates, where its variance is 1 / (1 + var_p / var_x) and never 0 / 0.
 */
export function precisionWeighted(p: Gaussian, x: Gaussian): Gaussian {
  const logRatio = tf.sub<Tensor2D>(p.logVar, x.logVar); // of x's precision to p's
  const { mean } = relativeTo(p, x);
  return { mean: tf.mul(mean, tf.sigmoid(logRatio)), logVar: tf.neg(tf.softplus(logRatio)) };
}
