import { type Tensor, tf } from "../tf.ts";

/** x, but not below `least`: by a ReLU, whose gradient is right on every backend. */
export const atLeast = <T extends Tensor>(x: T, least: number): T =>
  tf.add<T>(tf.relu(tf.sub<T>(x, least)), least);

/** x, but not above `most`. */
const atMost = <T extends Tensor>(x: T, most: number): T => tf.sub<T>(most, tf.relu(tf.sub<T>(most, x)));

/** Bounds of values; left out: none. */
export interface Range {
  readonly least?: number;
  readonly most?: number;
}

/** x within bounds. */
export function within<T extends Tensor>(x: T, { least, most }: Range): T {
  const above = least === undefined ? x : atLeast(x, least);
  return most === undefined ? above : atMost(above, most);
}
