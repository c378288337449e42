import { type Scalar, type Tensor, type Tensor1D, tf } from "../../tf.ts";
import type { Convention } from "../define.ts";
import { meanSquaredError } from "./reconstruction.ts";

/**
 * The squared distance of vectors to their codes, mean over the batch: the commitment term ||z - sg[e]||^2 where `codes` is
 * constant, the codebook term ||sg[z] - e||^2 where `z` is. `elbo`: summed over positions and dimensions, per image,
 * as the likelihood beside it is summed over pixels (arXiv 1711.00937, eq. 3, takes the mean over positions); `pixel_mean`:
 * the mean of all elements, as PyTorch-VAE and Sonnet. `z`, `codes`: [B, h, w, D].
 */
export function codeDistance(z: Tensor, codes: Tensor, convention: Convention): Scalar {
  const mean = meanSquaredError(z, codes);
  return convention === "elbo" ? tf.mul(mean, z.size / z.shape[0]!) : mean;
}

/** exp of the entropy of the codes' use, 1 to K: as many codes used alike have it. `counts`: [K]. */
export function perplexity(counts: Tensor1D): Scalar {
  const share = tf.div<Tensor1D>(counts, tf.sum(counts));
  return tf.exp(tf.neg(tf.sum<Scalar>(tf.mul(share, tf.log(tf.add(share, 1e-10))))));
}

/** The share of the codes that are used at all, 0 to 1. */
export function codesUsed(counts: Tensor1D): Scalar {
  return tf.mean(tf.step(counts));
}
