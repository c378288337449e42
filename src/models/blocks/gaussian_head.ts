import { type Range, within } from "../../nn/at_least.ts";
import { linear } from "../../nn/linear.ts";
import type { Pass, Scope } from "../../nn/params.ts";
import type { Rng } from "../../rng.ts";
import { type Tensor, type Tensor2D, tf } from "../../tf.ts";

/** Gaussians with diagonal covariances, one an image, [B, D] each. */
export interface Gaussian {
  readonly mean: Tensor2D;
  readonly logVar: Tensor2D;
}

/** A dense layer each for mean and log-variance, which is cut to `range`, by their names: [B, inputs] -> [B, dims]. */
export function gaussianHead(
  scope: Scope,
  names: readonly [mean: string, logVar: string],
  inputs: number,
  dims: number,
  range: Range = {},
): (h: Tensor, pass: Pass) => Gaussian {
  const [mean, logVar] = [linear(scope.at(names[0]), inputs, dims), linear(scope.at(names[1]), inputs, dims)];
  return (h, pass) => ({
    mean: mean(h, pass) as Tensor2D,
    logVar: within(logVar(h, pass) as Tensor2D, range),
  });
}

/** The first `count` rows and the others. */
export function splitRows({ mean, logVar }: Gaussian, count: number): [Gaussian, Gaussian] {
  const rows = (from: number, size: number): Gaussian => ({
    mean: tf.slice(mean, [from, 0], [size, mean.shape[1]]),
    logVar: tf.slice(logVar, [from, 0], [size, mean.shape[1]]),
  });
  return [rows(0, count), rows(count, mean.shape[0] - count)];
}

/** `count` draws of a mixture with equal shares, [count, D], of its components, [K, D] each. */
export function drawMixture({ mean, logVar }: Gaussian, count: number, rng: Rng): Tensor2D {
  const chosen = rng.fold("component").integers(count, mean.shape[0]);
  const noise = rng.fold("prior").normal<Tensor2D>([count, mean.shape[1]]);
  const of = (t: Tensor2D): Tensor2D => tf.gather(t, chosen);
  const deviation = tf.exp(tf.mul(0.5, logVar)) as Tensor2D;
  return tf.add(of(mean), tf.mul(of(deviation), noise));
}
