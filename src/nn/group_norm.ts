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
    const rows = tf.reshape(x, [batch, height * width, channels]);
    /** Of each group the mean over positions and channels, for each of its channels, [B, 1, C]. */
    const mean = (t: Tensor): Tensor => {
      const byGroup = tf.reshape(tf.mean(t, 1), [batch, groups, inGroup]);
      const ofGroup = tf.mean(byGroup, 2, true);
      return tf.reshape(tf.tile(ofGroup, [1, 1, inGroup]), [batch, 1, channels]);
    };
    const centred = tf.sub(rows, mean(rows));
    const variance = mean(tf.square(centred));
    const factor = tf.mul(tf.rsqrt(tf.add(variance, epsilon)), scale.value);
    return tf.reshape(tf.add(tf.mul(centred, factor), offset.value), x.shape);
  };
}
