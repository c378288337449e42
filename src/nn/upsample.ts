import { type Tensor, type Tensor4D, tf } from "../tf.ts";

/**
 * Nearest-neighbour up-sampling by 2: [B, H, W, C] -> [B, 2H, 2W, C]. By concatenation and not by
 * resizeNearestNeighbor, whose gradient is wrong on tfjs's cpu backend for a batch above 1.
 */
export function upsampleNearest2x(x: Tensor): Tensor4D {
  const [b, h, w, c] = x.shape as [number, number, number, number];
  const column = tf.reshape(x, [b * h * w, 1, c]);
  const wide = tf.reshape(tf.concat([column, column], 1), [b * h, 1, 2 * w * c]);
  return tf.reshape(tf.concat([wide, wide], 1), [b, 2 * h, 2 * w, c]);
}

/** Replication padding by one pixel: [B, H, W, C] -> [B, H + 2, W + 2, C]. */
export function replicationPad1(x: Tensor): Tensor4D {
  const widen = (t: Tensor, axis: number): Tensor => {
    const edge = (at: number) => {
      const begin = t.shape.map((_, i) => (i === axis ? at : 0));
      const size = t.shape.map((n, i) => (i === axis ? 1 : n));
      return tf.slice(t, begin, size);
    };
    return tf.concat([edge(0), t, edge(t.shape[axis]! - 1)], axis);
  };
  return widen(widen(x, 1), 2) as Tensor4D;
}

/**
 * What a convolution to four times the channels made, each four laid out as a square of 2x2 pixels: [B, H, W, 4 C] -> [B,
 * 2H, 2W, C], channels in the order (row, column, channel), as TensorFlow's depth_to_space (Shi et al., arXiv 1609.05158,
 * eq. 4). By reshaping: tfjs's own op has no gradient.
 */
export function depthToSpace2x(x: Tensor): Tensor4D {
  const [b, h, w, c] = x.shape as [number, number, number, number];
  const rows = tf.transpose(tf.reshape(x, [b * h, w, 2, c / 2]), [0, 2, 1, 3]);
  return tf.reshape(rows, [b, 2 * h, 2 * w, c / 4]);
}
