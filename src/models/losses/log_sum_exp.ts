import { type Tensor, type Tensor1D, type Tensor2D, tf } from "../../tf.ts";

/** log(sum(exp(values))) without overflow. */
export function logSumExp(values: ArrayLike<number>): number {
  let highest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) highest = Math.max(highest, values[i]!);
  if (!Number.isFinite(highest)) return highest;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i]! - highest);
  return highest + Math.log(sum);
}

/** log sum_k exp(x_k) of [K, B], [B], without overflow; its gradient to x is the softmax over k. */
export function logSumExpOfColumns(x: Tensor2D): Tensor1D {
  const op = tf.customGrad((x, save) => {
    const highest = columnMaxima(x as Tensor2D); // [1, B]
    const shares = tf.exp(tf.sub(x as Tensor, highest));
    const sum = tf.sum(shares, 0);
    (save as (tensors: Tensor[]) => void)([shares, sum]);
    const value = tf.add(tf.log(sum), tf.reshape(highest, sum.shape));
    const gradFunc = (dy: Tensor, saved: Tensor[]) => tf.mul(dy, tf.div(saved[0]!, saved[1]!));
    return { value, gradFunc };
  });
  return op(x) as Tensor1D;
}

/** [K, B] -> [1, B], by halves: tfjs's max has no kernel on wasm. Right but for rounding, which a shift may be off by. */
function columnMaxima(x: Tensor2D): Tensor2D {
  const [rows, columns] = x.shape;
  if (rows === 1) return x;
  const half = Math.ceil(rows / 2);
  const [a, b] = [tf.slice(x, [0, 0], [half, columns]), tf.slice(x, [rows - half, 0], [half, columns])];
  return columnMaxima(tf.add(a, tf.relu(tf.sub(b, a))));
}
