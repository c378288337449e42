import { batchNormTraining } from "../backends/batch_norm_training.ts";
import { meanOverRanks, ranksOfStep } from "../backends/ranks.ts";
import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { batchNormOverRanks } from "./batch_norm_over_ranks.ts";
import { constant } from "./init.ts";
import type { Layer, Scope } from "./params.ts";

/** Share of the batch's statistics in the next running ones: torch.nn.BatchNorm2d's default. */
const MOMENTUM = 0.1;

/**
 * Batch normalization over [B, H, W] (arXiv 1502.03167) and, with a `slope` below 1, a LeakyReLU, both at the cost
 * of one where the backend can. In training by the batch's mean and biased variance,
 * with the next running mean and unbiased variance put into `pass.updates`; else by the running ones.
 */
export function batchNorm2d(scope: Scope, channels: number, epsilon: number, slope = 1): Layer {
  const scale = scope.declare("weight", [channels], constant(1));
  const offset = scope.declare("bias", [channels], constant(0));
  const mean = scope.declare("running_mean", [channels], constant(0), { trainable: false });
  const variance = scope.declare("running_var", [channels], constant(1), { trainable: false });
  return (x, pass) => {
    const gamma = scale.value as unknown as Tensor1D;
    const beta = offset.value as unknown as Tensor1D;
    if (!pass.training) {
      const m = mean.value as unknown as Tensor1D;
      const y = tf.batchNorm(x as Tensor4D, m, variance.value as unknown as Tensor1D, beta, gamma, epsilon);
      return slope === 1 ? y : tf.leakyRelu(y, slope);
    }
    const batch = ofWholeBatch(x as Tensor4D, gamma, beta, epsilon, slope);
    for (const [leaf, param, now] of [
      ["running_mean", mean, batch.mean],
      ["running_var", variance, batch.variance],
    ] as const) {
      const name = scope.name(leaf);
      const before = pass.updates[name] ?? param.value; // a second use in one step goes on from the first
      pass.updates[name] = tf.add(tf.mul(before, 1 - MOMENTUM), tf.mul(now, MOMENTUM));
    }
    return batch.y;
  };
}

/** `batchNormTraining`; of several ranks by the statistics of all their rows, or by each one's own, whose means are the running ones. */
const ofWholeBatch: typeof batchNormTraining = (x, scale, offset, epsilon, slope = 1) => {
  const ranks = ranksOfStep();
  if (ranks?.syncBatchNorm) {
    const { y, ...statistics } = batchNormOverRanks(x, scale, offset, epsilon);
    return { y: slope === 1 ? y : (tf.leakyRelu(y, slope) as Tensor4D), ...statistics };
  }
  const own = batchNormTraining(x, scale, offset, epsilon, slope);
  if (ranks === undefined) return own;
  const [mean, variance] = tf.unstack(meanOverRanks(tf.stack([own.mean, own.variance])));
  return { y: own.y, mean: mean as Tensor1D, variance: variance as Tensor1D };
};

/** `batchNorm2d` of vectors [B, channels]: over the batch alone. */
export function batchNorm1d(scope: Scope, channels: number, epsilon: number, slope = 1): Layer {
  const norm = batchNorm2d(scope, channels, epsilon, slope);
  return (x, pass) => tf.reshape(norm(tf.reshape(x, [-1, 1, 1, channels]), pass), [-1, channels]);
}
