import { type Scalar, type Tensor2D, tf } from "../../tf.ts";
import { logGaussian, pairwiseLogGaussian } from "./gaussian_density.ts";
import { logSumExpOfColumns } from "./log_sum_exp.ts";

/** How q(z) of all training images is estimated from a batch (arXiv 1802.04942, appendix C). */
export type Sampling = "stratified" | "weighted";

/**
 * log of the weight of image j in the estimate of q(z_i), [B of j, B of i] in rows, B images of `total` trained on.
 * `weighted` (C.1): 1 / (N B) each, biased. `stratified` (C.2), unbiased: with M = B - 1, 1/N of the image
 * that z_i was drawn from, (N - M) / (N M) of one other, the next in the batch, 1/M of the rest, N at least B.
 */
export function logImportance(batch: number, total: number, sampling: Sampling): Float32Array {
  if (sampling === "weighted") return new Float32Array(batch * batch).fill(-Math.log(total * batch));
  const n = Math.max(total, batch);
  const m = batch - 1;
  if (m === 0) return new Float32Array(1); // of an image alone q(z) is q(z | x)
  return Float32Array.from({ length: batch * batch }, (_, at) => {
    const [j, i] = [Math.floor(at / batch), at % batch];
    return Math.log(j === i ? 1 / n : j === (i + 1) % batch ? (n - m) / (n * m) : 1 / m);
  });
}

/**
 * The parts of KL(q(z | x) || N(0, I)) in nats, each the mean over draws `z` ~ q(z | x) of a batch, [B, D] like `mean` and
 * `logVar` (Chen et al., arXiv 1802.04942, eq. 2): `mi`, the mutual information of z and the image, log q(z | x) - log q(z);
 * `tc`, the total correlation, log q(z) - sum_d log q(z_d); `dimensionKl`, sum_d log q(z_d) - log p(z_d). q(z) and q(z_d)
 * are estimated from the batch, whose images count by `logImportance`; the three sum to log q(z | x) - log p(z) whatever
 * the estimate is.
 */
export function klParts(
  z: Tensor2D,
  mean: Tensor2D,
  logVar: Tensor2D,
  total: number,
  sampling: Sampling,
): { mi: Scalar; tc: Scalar; dimensionKl: Scalar } {
  const [batch, dims] = z.shape;
  const weights = tf.tensor2d(logImportance(batch, total, sampling), [batch, batch]);
  const pairs = pairwiseLogGaussian(z, mean, logVar); // [j, i, d]
  const joint = logSumExpOfColumns(tf.add(tf.sum(pairs, 2), weights));
  const weighted = tf.reshape(tf.add(pairs, tf.reshape(weights, [batch, batch, 1])), [
    batch,
    batch * dims,
  ]) as Tensor2D;
  const marginals = tf.sum(tf.reshape(logSumExpOfColumns(weighted), [batch, dims]), 1);
  const own = tf.sum(logGaussian(z, mean, logVar), 1);
  const prior = tf.sum(logGaussian(z, tf.zeros([1, dims]), tf.zeros([1, dims])), 1);
  return {
    mi: tf.mean<Scalar>(tf.sub(own, joint)),
    tc: tf.mean<Scalar>(tf.sub(joint, marginals)),
    dimensionKl: tf.mean<Scalar>(tf.sub(marginals, prior)),
  };
}
