import { type Scalar, type Tensor2D, tf } from "../../tf.ts";

/** The covariance of rows [B, D] over the batch, divided by B: [D, D]. */
export function covariance(rows: Tensor2D): Tensor2D {
  const centered = tf.sub<Tensor2D>(rows, tf.mean(rows, 0, true));
  return tf.div(tf.matMul(centered, centered, true), rows.shape[0]);
}

/** `covariance` of draws of Gaussians: that of their means plus the mean of their variances, exp(logVar), on the diagonal. */
export function covarianceOfDraws(mean: Tensor2D, logVar: Tensor2D): Tensor2D {
  const variances = tf.mean(tf.exp(logVar), 0, true); // [1, D]
  return tf.add(covariance(mean), tf.mul(variances, tf.eye(mean.shape[1])));
}

/**
 * How far a covariance [D, D] is from the identity: `diagonal` is sum_i (C_ii - 1)^2, `offDiagonal` sum_{i != j} C_ij^2
 * (Kumar et al., arXiv 1711.00848, eq. 6 and 7, each without its lambda).
 */
export function identityGaps(covariance: Tensor2D): { diagonal: Scalar; offDiagonal: Scalar } {
  const identity = tf.eye(covariance.shape[0]);
  const squares = tf.square(tf.sub(covariance, identity)); // off the diagonal C_ij^2
  const diagonal = tf.sum<Scalar>(tf.mul(squares, identity));
  return { diagonal, offDiagonal: tf.sum<Scalar>(tf.mul(squares, tf.sub(1, identity))) };
}
