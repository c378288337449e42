/**
 * The evidence lower bound in nats per image (higher is better) under a Gaussian decoder whose one sigma is
 * fitted to the whole set: -(dims/2 (log(2 pi MSE) + 1) + KL). `mse`: mean squared error per element of
 * reconstructions from sampled z, images in [0, 1]; `kl` in nats per image. Comparable between runs, whatever
 * they were trained on (arXiv 2006.13202).
 */
export function calibratedElbo(mse: number, kl: number, dims: number): number {
  return -((dims / 2) * (Math.log(2 * Math.PI * Math.max(mse, 1e-12)) + 1) + kl);
}

/**
 * Bits per dimension of an ELBO in nats per image over `dims` values in [0, 1] that were stored with 8 bits:
 * the density is divided by 256 a value (Theis et al., arXiv 1511.01844, 3.1). Lower is better.
 */
export function bitsPerDim(elbo: number, dims: number): number {
  return -elbo / (dims * Math.LN2) + 8;
}
