import { ownRows, rankCount, wholeBatch } from "../../backends/ranks.ts";
import { ConfigError } from "../../errors.ts";
import type { Range } from "../../nn/at_least.ts";
import { constant, initWeight } from "../../nn/init.ts";
import type { Scope } from "../../nn/params.ts";
import { type Tensor, type Tensor4D, tf } from "../../tf.ts";
import type { Gaussian } from "./gaussian_head.ts";

/**
 * Log-variances of posteriors whose mixture is the prior. p(z) follows q(z | x) to any scale, so that nothing else keeps a
 * variance from one that float32 can't tell from 0, or from infinity. The authors' code cuts them to [-6, 2]; with 2 samples came
 * out worse here (docs/losses.md).
 */
export const VAMP_LOG_VARS: Range = { least: -6, most: 10 };

/**
 * `count` learned images, [count, H, W, C] in `range`: PyTorch-VAE's, a dense layer of a one-hot vector, cut to the range
 * (Hardtanh). They begin in its middle, where the cut has a slope, and differ by the layer's usual weights.
 */
export function pseudoInputs(
  scope: Scope,
  count: number,
  [height, width, channels]: readonly [number, number, number],
  [low, high]: readonly [number, number],
): () => Tensor4D {
  const size = height * width * channels;
  const weight = scope.declare("weight", [count, size], initWeight(scope.init, count), { torchLayout: "OI" });
  const bias = scope.declare("bias", [size], constant((low + high) / 2));
  return () => {
    const planes = tf.reshape(tf.add(weight.value, bias.value), [count, channels, height, width]);
    return tf.transpose(cut(planes, low, high), [0, 2, 3, 1]) as Tensor4D;
  };
}

/**
 * Those that are encoded beside a batch, whose statistics batch norm takes; of several ranks each has its part of both.
 *
 * @throws ConfigError where the ranks don't divide them
 */
export function besideBatch(inputs: Tensor4D): Tensor4D {
  const [count] = inputs.shape;
  const ranks = rankCount();
  if (count % ranks === 0) return ownRows(inputs);
  throw new ConfigError(
    `model_params.num_components: expected a multiple of ${ranks}, since so many processes train together, got ${count}. ` +
      `Take ${Math.ceil(count / ranks) * ranks}.`,
  );
}

/** The posteriors of all of them, of those that each rank has encoded. */
export const besideAll = ({ mean, logVar }: Gaussian): Gaussian => ({
  mean: wholeBatch(mean),
  logVar: wholeBatch(logVar),
});

/** x, not below `low` nor above `high`; by ReLUs, whose gradients are right on every backend. */
const cut = (x: Tensor, low: number, high: number): Tensor =>
  tf.add(tf.sub(tf.relu(tf.sub(x, low)), tf.relu(tf.sub(x, high))), low);
