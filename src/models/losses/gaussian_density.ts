import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, type Tensor3D, tf } from "../../tf.ts";
import { logSumExpOfColumns } from "./log_sum_exp.ts";

/** log N(x; mean, exp(logVar)) of each value in nats; the arguments broadcast to each other. */
export function logGaussian<T extends Tensor>(x: Tensor, mean: Tensor, logVar: Tensor): T {
  const squares = tf.mul(tf.square(tf.sub(x, mean)), tf.exp(tf.neg(logVar)));
  return tf.mul(-0.5, tf.add(tf.add(squares, logVar), Math.log(2 * Math.PI))) as T;
}

/** log N(z_i; mean_k, exp(logVar_k)) of each dimension, [K, B, D]: `z` [B, D], `mean` and `logVar` [K, D]. */
export function pairwiseLogGaussian(z: Tensor2D, mean: Tensor2D, logVar: Tensor2D): Tensor3D {
  const [[batch, dims], [count]] = [z.shape, mean.shape];
  // Repeated and not broadcast: the gradient of a broadcast second axis is a sum that wasm has no kernel for.
  const places = Int32Array.from({ length: count * batch }, (_, i) => Math.floor(i / batch));
  const repeated = (t: Tensor2D) =>
    tf.reshape(tf.gather(t, tf.tensor1d(places, "int32")), [count, batch, dims]);
  return logGaussian(tf.reshape(z, [1, batch, dims]), repeated(mean), repeated(logVar));
}

/**
 * log 1/K sum_k N(z_i; mean_k, exp(logVar_k)), [B], in nats: the density of a mixture of K Gaussians with diagonal
 * covariances and equal shares. `z` [B, D], `mean` and `logVar` [K, D].
 */
export function logGaussianMixture(z: Tensor2D, mean: Tensor2D, logVar: Tensor2D): Tensor1D {
  const joint = tf.sum(pairwiseLogGaussian(z, mean, logVar), 2) as Tensor2D;
  return tf.sub(logSumExpOfColumns(joint), Math.log(mean.shape[0]));
}

/**
 * log q(z) - log p(z) of draws `z` [B, D] of q, the mean over them, in nats: q one Gaussian a row, p a mixture of K with equal
 * shares. An estimate of KL(q || p), which has no closed form.
 */
export function drawnKlToMixture(
  z: Tensor2D,
  q: { readonly mean: Tensor2D; readonly logVar: Tensor2D },
  p: { readonly mean: Tensor2D; readonly logVar: Tensor2D },
): Scalar {
  const own = tf.sum(logGaussian(z, q.mean, q.logVar), 1);
  return tf.mean(tf.sub(own, logGaussianMixture(z, p.mean, p.logVar)));
}
