import { untaped } from "../../nn/untaped.ts";
import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from "../../tf.ts";

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
  return tf.sub<Scalar>(Math.log(draws), tf.mean(logSumExp(logWeights)));
}

/** log sum_k exp(x_k) of [K, B], [B]. Shifted by the highest x, a constant, so that nothing overflows. */
function logSumExp(x: Tensor2D): Tensor1D {
  const { highest } = untaped(x, (x) => ({ highest: tf.max(x, 0) }));
  return tf.add(tf.log(tf.sum(tf.exp(tf.sub(x, highest)), 0)), highest);
}
