import { type Tensor, tf } from "../tf.ts";

/** x, but not below `least`: by a ReLU, whose gradient is right on every backend. */
export const atLeast = <T extends Tensor>(x: T, least: number): T =>
  tf.add<T>(tf.relu(tf.sub<T>(x, least)), least);

/** x, but not above `most`. */
export const atMost = <T extends Tensor>(x: T, most: number): T =>
  tf.sub<T>(most, tf.relu(tf.sub<T>(most, x)));
