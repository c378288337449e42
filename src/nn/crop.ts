import type { Rng } from "../rng.ts";
import { type Tensor4D, tf } from "../tf.ts";

/**
 * Cuts squares of `side` pixels out of images, each image's at a place of its own that `rng` draws: [B, H, W, C] -> [B,
 * side, side, C]. The same places for every tensor that it is given, so an image and its reconstruction stay alike.
 */
export function randomCrops(
  rng: Rng,
  [batch, height, width]: readonly [number, number, number, number],
  side: number,
): (images: Tensor4D) => Tensor4D {
  const places = rng.windows(batch, [height, width], side);
  return (images) => {
    const channels = images.shape[3];
    const pixels = tf.reshape(images, [batch * height * width, channels]);
    return tf.reshape(tf.gather(pixels, places), [batch, side, side, channels]);
  };
}
