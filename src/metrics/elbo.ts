import type { Metric, PosteriorMetric } from "./define.ts";
import { DEQUANTIZATION, LEVEL } from "./dequantization.ts";

/**
 * The variance that suits a set best whose values are dequantized, x + u with u uniform over a level: `mse` + LEVEL^2 / 12,
 * `mse` being that of the values as they are stored, in [0, 1].
 */
export const fittedVariance = (mse: number): number => mse + DEQUANTIZATION;

/**
 * The evidence lower bound in nats per image (higher is better) on the density of the dequantized images under a
 * Gaussian decoder whose one sigma is fitted to the whole set: -(dims/2 (log(2 pi sigma^2) + 1) + KL), sigma^2 by
 * `fittedVariance`. `mse`: mean squared error per element of reconstructions from sampled z, images in [0, 1]; `kl` in
 * nats per image. Comparable between runs, whatever they were trained on (arXiv 2006.13202).
 */
export function calibratedElbo(mse: number, kl: number, dims: number): number {
  return -((dims / 2) * (Math.log(2 * Math.PI * fittedVariance(mse)) + 1) + kl);
}

/**
 * Bits per dimension of an ELBO in nats per image on the density of `dims` dequantized values in [0, 1]: a level's
 * probability is the integral over it, so that -log2 P <= -log2 density + log2 255 (Theis et al., arXiv 1511.01844, 3.1,
 * where levels are 1 apart). Lower is better; 8 where all 256 levels are equally likely.
 */
export function bitsPerDim(elbo: number, dims: number): number {
  return -elbo / (dims * Math.LN2) - Math.log2(LEVEL);
}

const bound = (likelihood: string): Metric => ({
  unit: "nats",
  better: "higher",
  computed: `lower bound on log p(x) of an image, under ${likelihood}`,
});
const inBits = (likelihood: string): Metric => ({
  unit: "bits",
  better: "lower",
  computed: `that bound in bits per value of 8 bits, under ${likelihood}`,
});
/** The likelihoods that bounds are told under. */
export const FITTED = "a Gaussian of one sigma fitted to the images";
export const TRAINED = "the likelihood that the loss stands for";

/** From one draw of z for each image. */
export const elboMetric: PosteriorMetric = {
  kind: "posterior",
  name: "elbo",
  numbers: {
    elbo: { ...bound(FITTED), column: true },
    bits_per_dim: { ...inBits(FITTED), column: true },
    elbo_trained: bound(TRAINED),
    bits_per_dim_trained: inBits(TRAINED),
  },
  compute({ mse, kl, imageDims, trained, leaveOut }) {
    const elbo = calibratedElbo(mse, kl, imageDims);
    const fitted = { elbo, bits_per_dim: bitsPerDim(elbo, imageDims) };
    if (typeof trained === "string") leaveOut("elbo_trained", trained);
    if (typeof trained !== "object") return fitted;
    const own = trained.logDensity - kl;
    return {
      ...fitted,
      elbo_trained: own,
      ...(trained.likelihood.density && { bits_per_dim_trained: bitsPerDim(own, imageDims) }),
    };
  },
};
