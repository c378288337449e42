import { type Scalar, type Tensor, type Tensor2D, tf } from "../../tf.ts";
import { logSumExpOfColumns } from "./log_sum_exp.ts";

/**
 * log N(z; 0, I) - log N(z; mean, exp(logVar)) of z = mean + exp(logVar / 2) noise in nats: summed over the last axis;
 * the constants cancel. `z`, `noise`, `logVar`: […, D] that broadcast to each other.
 */
export function logPriorRatio<T extends Tensor>(z: Tensor, noise: Tensor, logVar: Tensor): T {
  return tf.mul(0.5, tf.sum(tf.sub(tf.add(tf.square(noise), logVar), tf.square(z)), -1)) as T;
}

/**
 * -log 1/K sum_k w_k in nats per image, mean over the batch: the importance-weighted bound on -log p(x) of K draws z_k ~
 * q(z | x) (Burda et al., arXiv 1509.00519, eq. 8, sign flipped). `logWeights`: log w_k = log p(x | z_k) + log p(z_k) -
 * log q(z_k | x), [K, B]. With K = 1 a draw of the negative ELBO; it falls with K.
 */
export function importanceWeightedBound(logWeights: Tensor2D): Scalar {
  const [draws] = logWeights.shape;
  return tf.sub<Scalar>(Math.log(draws), tf.mean(logSumExpOfColumns(logWeights)));
}
