import { batchNormTraining } from "../../src/backends/batch_norm_training.ts";
import type { Rng } from "../../src/rng.ts";
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf, type Variable } from "../../src/tf.ts";

/** tiny_vgg's convolutions, names with their channels; "M" is a 2x2 max pool. */
const LAYOUT = [
  ["conv1_1", 32],
  ["conv1_2", 32],
  "M",
  ["conv2_1", 64],
  ["conv2_2", 64],
  "M",
  ["conv3_1", 128],
  ["conv3_2", 128],
  "M",
  ["conv4_1", 256],
] as const;

export const EPSILON = 1e-5;
const MOMENTUM = 0.1; // share of a batch in the next running statistics

export interface Classifier {
  /** What the optimizer changes. */
  readonly params: Map<string, Variable>;
  /** Running mean and variance of each batch norm. */
  readonly statistics: Map<string, Variable>;
}

/** Convolutions by He's normal initialization, no bias (batch norm has one); a linear head from zero. */
export function createClassifier(rng: Rng): Classifier {
  const params = new Map<string, Variable>();
  const statistics = new Map<string, Variable>();
  const put = (to: Map<string, Variable>, name: string, value: Tensor) => to.set(name, tf.variable(value));
  let channels = 3;
  for (const layer of LAYOUT) {
    if (layer === "M") continue;
    const [name, width] = layer;
    const noise = rng.fold(name).normal<Tensor4D>([3, 3, channels, width]);
    put(params, `${name}.weight`, tf.mul(noise, Math.sqrt(2 / (9 * channels))));
    put(params, `${name}.gamma`, tf.ones([width]));
    put(params, `${name}.beta`, tf.zeros([width]));
    put(statistics, `${name}.running_mean`, tf.zeros([width]));
    put(statistics, `${name}.running_var`, tf.ones([width]));
    channels = width;
  }
  put(params, "linear.weight", tf.zeros([channels, 10]));
  put(params, "linear.bias", tf.zeros([10]));
  return { params, statistics };
}

/**
 * Logits [B, 10] of normalized images [B, 32, 32, 3]; in training, the next running
 * statistics go to `updates`, kept: the caller disposes them.
 */
export function logits(
  { params, statistics }: Classifier,
  images: Tensor4D,
  updates: Map<string, Tensor> | null,
): Tensor2D {
  const get = <T extends Tensor>(map: Map<string, Variable>, name: string) => map.get(name)! as Tensor as T;
  let x = images;
  for (const layer of LAYOUT) {
    if (layer === "M") {
      x = tf.maxPool(x, 2, 2, "valid");
      continue;
    }
    const name = layer[0];
    const gamma = get<Tensor1D>(params, `${name}.gamma`);
    const beta = get<Tensor1D>(params, `${name}.beta`);
    const y = tf.conv2d(x, get<Tensor4D>(params, `${name}.weight`), 1, "same");
    const mean = get<Tensor1D>(statistics, `${name}.running_mean`);
    const variance = get<Tensor1D>(statistics, `${name}.running_var`);
    if (updates === null) {
      x = tf.relu(tf.batchNorm(y, mean, variance, beta, gamma, EPSILON));
      continue;
    }
    const batch = batchNormTraining(y, gamma, beta, EPSILON);
    const blend = (before: Tensor, now: Tensor) =>
      tf.keep(tf.add(tf.mul(before, 1 - MOMENTUM), tf.mul(now, MOMENTUM)));
    updates.set(`${name}.running_mean`, blend(mean, batch.mean));
    updates.set(`${name}.running_var`, blend(variance, batch.variance));
    x = tf.relu(batch.y);
  }
  const pooled = tf.mean(x, [1, 2]) as Tensor2D;
  return tf.add(tf.matMul(pooled, get(params, "linear.weight")), get<Tensor1D>(params, "linear.bias"));
}
