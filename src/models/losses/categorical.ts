import { type Scalar, type Tensor, type Tensor2D, tf } from "../../tf.ts";
import { logSumExpOfColumns } from "./log_sum_exp.ts";

/** log softmax over the last axis, without overflow; `logits`: [B, N, K]. */
export function logSoftmax(logits: Tensor): Tensor {
  const values = logits.shape.at(-1)!;
  const rows = tf.reshape(logits, [-1, values]) as Tensor2D;
  const normalizer = tf.reshape(logSumExpOfColumns(tf.transpose(rows)), [-1, 1]);
  return tf.reshape(tf.sub(rows, normalizer), logits.shape);
}

/**
 * KL(q || uniform) of each categorical variable in nats, [B, N]: log K + sum_k q_k log q_k, 0 to log K. `logits`: [B, N, K].
 */
export function klPerVariable(logits: Tensor): Tensor2D {
  const logQ = logSoftmax(logits);
  const negativeEntropy = tf.sum<Tensor2D>(tf.mul(tf.exp(logQ), logQ), 2);
  return tf.add(negativeEntropy, Math.log(logits.shape[2]!));
}

/**
 * KL(q(z | x) || p(z)) in nats per image, p(z) uniform over each variable's K values: summed over the N variables, mean over
 * the batch (Jang et al., arXiv 1611.01144, section 3.1, with q(z | x) itself in place of its relaxation). `logits`: [B, N, K].
 */
export const klToUniform = (logits: Tensor): Scalar => tf.mean(tf.sum(klPerVariable(logits), 1));
