import { type Tensor, tf } from "../tf.ts";

/**
 * Softmax over the last axis, by ops that every backend has as its own: tfjs's kernel runs in JavaScript on some. The gradient is
 * y (dy - sum dy y).
 */
export function softmax(x: Tensor): Tensor {
  const made = tf.customGrad((input, save) => {
    const scores = input as Tensor;
    const powers = tf.exp(tf.sub(scores, tf.max(scores, -1, true)));
    const y = tf.div(powers, tf.sum(powers, -1, true));
    (save as (tensors: Tensor[]) => void)([y]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [value] = saved as [Tensor];
      return tf.mul(value, tf.sub(dy, tf.sum(tf.mul(dy, value), -1, true)));
    };
    return { value: y, gradFunc };
  });
  return made(x);
}
