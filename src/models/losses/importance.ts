import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from "../../tf.ts";

/**
 * log N(z; 0, I) - log N(z; mean, exp(logVar)) of z = mean + exp(logVar / 2) noise in nats: summed over the last axis;
 * the constants cancel. `z`, `noise`, `logVar`: […, D] that broadcast to each other.
 */
export function logPriorRatio<T extends Tensor>(z: Tensor, noise: Tensor, logVar: Tensor): T {
  return tf.mul(0.5, tf.sum(tf.sub(tf.add(tf.square(noise), logVar), tf.square(z)), -1)) as T;
}

/**
 * -log 1/K sum_k w_k in nats per image, mean over the batch: the importance-weighted bound on -log p(x) of K draws z_k ~
 * q(z | x) (Burda et al., arXiv 1509.00519, eq. 8, sign flipped). `logWeights`: log w_k = log p(x | z_k) + log p(z_k) -
 * log q(z_k | x), [K, B]. With K = 1 a draw of the negative ELBO; it falls with K.
 */
export function importanceWeightedBound(logWeights: Tensor2D): Scalar {
  const [draws] = logWeights.shape;
  return tf.sub<Scalar>(Math.log(draws), tf.mean(logSumExp(logWeights)));
}

/** log sum_k exp(x_k) of [K, B], [B], without overflow; its gradient to x is the softmax over k. */
function logSumExp(x: Tensor2D): Tensor1D {
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
