import { type Tensor, type Tensor4D, tf } from "../tf.ts";
import { constant } from "./init.ts";
import type { Layer, Scope } from "./params.ts";

/**
 * Group normalization (Wu & He, arXiv 1803.08494, eq. 7) of [B, H, W, C]: each image's mean and biased variance over the
 * positions and the channels of a group, `groups` of them side by side; then a factor and an offset a channel.
 */
export function groupNorm(scope: Scope, channels: number, groups: number, epsilon: number): Layer {
  const scale = scope.declare("weight", [channels], constant(1));
  const offset = scope.declare("bias", [channels], constant(0));
  const inGroup = channels / groups;
  return (x) => {
    const [batch, height, width] = x.shape as Tensor4D["shape"];
    const positions = height * width;
    // A group of an image as one row, since every backend has means of rows as its own.
    const turned = (t: Tensor, shape: number[]) => tf.transpose(tf.reshape(t, shape), [0, 2, 1, 3]);
    const rows = tf.reshape(turned(x, [batch, positions, groups, inGroup]), [batch * groups, -1]);
    const centred = tf.sub(rows, tf.mean(rows, 1, true));
    const variance = tf.mean(tf.square(centred), 1, true);
    const normal = tf.div(centred, tf.sqrt(tf.add(variance, epsilon)));
    const back = tf.reshape(turned(normal, [batch, groups, positions, inGroup]), x.shape);
    return tf.add(tf.mul(back, scale.value), offset.value);
  };
}
