import { constant, initWeight } from "../../nn/init.ts";
import type { Scope } from "../../nn/params.ts";
import { type Tensor, type Tensor4D, tf } from "../../tf.ts";

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

/** x, not below `low` nor above `high`; by ReLUs, whose gradients are right on every backend. */
const cut = (x: Tensor, low: number, high: number): Tensor =>
  tf.add(tf.sub(tf.relu(tf.sub(x, low)), tf.relu(tf.sub(x, high))), low);
