import { meanOverRanks, rankCount, wholeBatch } from "../backends/ranks.ts";
import { type Tensor, type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { untaped } from "./untaped.ts";

/**
 * Batch normalization by the mean and variance of the whole batch, of which each rank has a part: y = (x - mean) / sqrt(biased
 * variance + epsilon) scale + offset over [B, H, W] (arXiv 1502.03167), with that mean and the unbiased variance [C]. Two small
 * reductions: of the ranks' statistics, and in the gradient, dx = scale / sqrt(…) (dy - mean dy - x̂ mean (dy x̂)), of these means.
 */
export function batchNormOverRanks(
  x: Tensor4D,
  scale: Tensor1D,
  offset: Tensor1D,
  epsilon: number,
): { y: Tensor4D; mean: Tensor1D; variance: Tensor1D } {
  const channels = x.shape[3];
  const inRank = x.size / channels;
  const total = inRank * rankCount();
  const { mean, biased } = untaped<Tensor4D, Tensor1D, "mean" | "biased">(x, statistics);
  const op = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: Tensor[]) => void;
    const [input, gamma, beta] = args as [Tensor4D, Tensor1D, Tensor1D];
    save([input, gamma, mean, biased]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [input, gamma, mean, biased] = saved as [Tensor4D, Tensor1D, Tensor1D, Tensor1D];
      const centred = tf.sub(input, mean);
      const inverse = tf.rsqrt(tf.add(biased, epsilon));
      const dOffset = tf.sum(dy, [0, 1, 2]);
      const dScale = tf.mul(tf.sum(tf.mul(dy, centred), [0, 1, 2]), inverse);
      const means = tf.div(meanOverRanks(tf.stack([dOffset, dScale])), inRank);
      const [ofDy, ofProduct] = tf.unstack(means) as [Tensor, Tensor];
      const factor = tf.mul(gamma, inverse);
      const slope = tf.mul(tf.mul(factor, inverse), ofProduct);
      const shift = tf.mul(factor, ofDy);
      const dx = tf.sub(tf.sub(tf.mul(dy, factor), tf.mul(centred, slope)), shift);
      return [dx, dScale, dOffset];
    };
    return { value: tf.batchNorm(input, mean, biased, beta, gamma, epsilon), gradFunc };
  });
  const y = op(x, scale, offset) as Tensor4D;
  return { y, mean, variance: tf.mul(biased, total / Math.max(1, total - 1)) };
}

/** Of the whole batch, [C]. From each rank's own mean and variance, so that nothing is lost where a mean is far from 0. */
function statistics(x: Tensor4D): { mean: Tensor1D; biased: Tensor1D } {
  const channels = x.shape[3];
  const own = tf.mean(x, [0, 1, 2]);
  const spread = tf.mean(tf.square(tf.sub(x, own)), [0, 1, 2]);
  const all = wholeBatch(tf.reshape(tf.stack([own, spread]), [1, 2 * channels]));
  const [means, spreads] = tf.split(all, 2, 1) as [Tensor, Tensor];
  const mean = tf.mean<Tensor1D>(means, 0);
  const between = tf.mean(tf.square(tf.sub(means, mean)), 0);
  return { mean, biased: tf.add<Tensor1D>(tf.mean(spreads, 0), between) };
}
