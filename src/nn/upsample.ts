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
