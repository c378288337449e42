import type { Config } from "../config/schema.ts";
import type { Convention } from "../models/define.ts";
import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { DEQUANTIZATION } from "./elbo.ts";

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
    name: `Gaussian of sigma ${Number(sigma.toPrecision(4))} (${from})`,
    density: true,
    logDensity: (x, decoded) =>
      tf.tidy(() => {
        const dims = x.size / x.shape[0];
        const squares = tf.sum<Tensor1D>(tf.square(tf.sub(x, decoded)), [1, 2, 3]);
        const noise = DEQUANTIZATION / (2 * sigma * sigma);
        const constant = dims * (Math.log(sigma) + 0.5 * Math.log(2 * Math.PI) + noise);
        return tf.sub(tf.div(squares, -2 * sigma * sigma), constant);
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

/**
 * The likelihood whose negative ELBO a model's loss is, up to a factor and a constant; undefined where that is the one of
 * a fitted sigma (`sigma: optimal`), or why there is none (the loss compares features). The loss w_r R + w_k KL is, over w_k, that of a
 * Gaussian: under `pixel_mean`, R = MSE, of sigma^2 = D w_k / (2 w_r), PyTorch-VAE's implied variance (D values an image,
 * docs LOSSES: 1.24^2 for its 64x64x3 and kld_weight 0.00025); under `elbo` of sigma^2 = w_k / w_r times the config's. A
 * Bernoulli to the power w_r / w_k is none unless that is 1: its sum over the values 0 and 1 depends on p. Sigmas are
 * turned into those of images in [0, 1].
 */
export function trainedLikelihood(
  { model_params: model }: Config,
  convention: Convention,
  weights: Readonly<Record<string, number>>,
  dims: number,
  imageRange: readonly [number, number],
): Likelihood | string | undefined {
  const { reconstruction = 0, kl = 0, ...others } = weights;
  const more = Object.keys(others).filter((term) => others[term] !== 0);
  if (more.length > 0) return `needs a loss of pixels and KL alone, this one has ${more.join(", ")}`;
  if (reconstruction === 0 || kl === 0)
    return `needs weights of pixels and KL, these are ${reconstruction} and ${kl}`;
  const width = imageRange[1] - imageRange[0];
  if (convention === "pixel_mean")
    return gaussian(
      Math.sqrt((dims * kl) / (2 * reconstruction)) / width,
      "implied by the weights of the loss",
    );
  if (model.likelihood === "bernoulli") {
    if (reconstruction === kl) return bernoulli;
    return `needs equal weights for likelihood: bernoulli, which to a power is no distribution; these are ${reconstruction} and ${kl}`;
  }
  if (model.likelihood !== "gaussian" || typeof model.sigma !== "number") return undefined;
  const factor = Math.sqrt(kl / reconstruction);
  const from = factor === 1 ? "model_params.sigma" : "model_params.sigma and the weights of the loss";
  return gaussian((model.sigma * factor) / width, from);
}
