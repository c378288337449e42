import { gaussianLogNormalizer } from "../models/losses/reconstruction.ts";
import { significant } from "../text/numbers.ts";
import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { DEQUANTIZATION } from "./dequantization.ts";

/** A density of images in [0, 1] given what the decoder makes of z. */
export interface Likelihood {
  /** For a reader: "Gaussian of sigma 0.1 (model_params.sigma)". */
  readonly name: string;
  /** log p(x | decoded) in nats, [B]; `x` and `decoded`: [B, H, W, C] in [0, 1]. */
  logDensity(x: Tensor4D, decoded: Tensor4D): Tensor1D;
  /** Whether it is a density of continuous values, stored with 8 bits and dequantized (else: probabilities). */
  readonly density: boolean;
}

/**
 * The normal density around the decoded image, one `sigma` for all values of images in [0, 1]: its expectation over the
 * dequantized image, x + u with u uniform over a level of 8 bits, so that it bounds the levels' probabilities.
 */
export function gaussian(sigma: number, from: string): Likelihood {
  return {
    name: `Gaussian of sigma ${significant(sigma)} (${from})`,
    density: true,
    logDensity: (x, decoded) =>
      tf.tidy(() => {
        const dims = x.size / x.shape[0];
        const squares = tf.sum<Tensor1D>(tf.square(tf.sub(x, decoded)), [1, 2, 3]);
        const noise = (dims * DEQUANTIZATION) / (2 * sigma * sigma);
        return tf.sub(tf.div(squares, -2 * sigma * sigma), gaussianLogNormalizer(dims, sigma) + noise);
      }),
  };
}

/** sum x log p + (1 - x) log(1 - p), p the decoded image, kept 1e-6 away from 0 and 1. */
export const bernoulli: Likelihood = {
  name: "Bernoulli (model_params.likelihood)",
  density: false,
  logDensity: (x, decoded) =>
    tf.tidy(() => {
      const p = tf.clipByValue(decoded, 1e-6, 1 - 1e-6);
      const ones = tf.mul(x, tf.log(p));
      const zeros = tf.mul(tf.sub(1, x), tf.log(tf.sub(1, p)));
      return tf.sum<Tensor1D>(tf.add(ones, zeros), [1, 2, 3]);
    }),
};
