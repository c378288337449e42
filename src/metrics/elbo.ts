/** Distance of two levels of a value that is stored with 8 bits, in [0, 1]: 256 levels, k / 255. */
const LEVEL = 1 / 255;

/** Variance of noise that is uniform over one level: E (x + u - y)^2 = (x - y)^2 + this, whatever y. */
export const DEQUANTIZATION = LEVEL ** 2 / 12;

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
