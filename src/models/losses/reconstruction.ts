import { meanSquaredError as meanSquaredErrorOp } from "../../backends/nn_ops.ts";
import { meanOverRanks } from "../../backends/ranks.ts";
import { type Scalar, type Tensor, tf } from "../../tf.ts";

/** Mean over batch, pixels and channels of (x - y)^2; `x`, `y`: [B, …]. PyTorch-VAE's `F.mse_loss`. */
export function meanSquaredError(x: Tensor, y: Tensor): Scalar {
  return meanSquaredErrorOp(x, y);
}

/** Mean over batch, pixels and channels of |x - y|; `x`, `y`: [B, …]. PyTorch-VAE's `F.l1_loss`. */
export function meanAbsoluteError(x: Tensor, y: Tensor): Scalar {
  return tf.mean(tf.abs(tf.sub(x, y)));
}

/**
 * -log N(x; mean, sigma^2 I) in nats per image, constants included: summed over pixels and channels, mean
 * over the batch; `x`, `mean`: [B, …]. Can be negative: it is a density.
 */
export function gaussianNegLogLikelihood(x: Tensor, mean: Tensor, sigma: number): Scalar {
  const dims = x.size / x.shape[0]!;
  return tf.add(
    tf.mul(meanSquaredError(x, mean), dims / (2 * sigma * sigma)),
    gaussianLogNormalizer(dims, sigma),
  );
}

/** dims (log sigma + log(2 pi) / 2) in nats: -log N(x; mean, sigma^2 I) of `dims` values where x is the mean. */
export const gaussianLogNormalizer = (dims: number, sigma: number): number =>
  dims * (Math.log(sigma) + 0.5 * Math.log(2 * Math.PI));

/** Added to a mean squared error that stands for a variance. */
const MIN_MSE = 1e-8;

/**
 * -log N(x; mean, sigma^2 I) in nats per image with the one sigma that suits the batch best, sigma^2 = the mean squared
 * error, which gives dims/2 (log(2 pi MSE) + 1) (Rybkin et al., "Simple and effective VAE training with calibrated decoders",
 * arXiv 2006.13202, eq. 5). The MSE is kept above 1e-8, far below half a grey level, so that a perfect
 * reconstruction stays finite.
 */
export function optimalSigmaNegLogLikelihood(x: Tensor, mean: Tensor): Scalar {
  const dims = x.size / x.shape[0]!;
  const mse = tf.add(meanOverRanks(meanSquaredError(x, mean)), MIN_MSE);
  return tf.mul(dims / 2, tf.add(tf.log(tf.mul(mse, 2 * Math.PI)), 1));
}

/**
 * -log Bernoulli(x; sigmoid(logits)) in nats per image: summed over pixels and channels, mean over the batch.
 * `x`: [B, …] in [0, 1] (values between count as probabilities). By softplus, finite for every logit.
 */
export function bernoulliNegLogLikelihood(x: Tensor, logits: Tensor): Scalar {
  const dims = x.size / x.shape[0]!;
  return tf.mul(dims, tf.mean(bernoulliPerValue(x, logits)));
}

/** -log Bernoulli(x; sigmoid(logits)) of each value in nats, [B, …]. */
export function bernoulliPerValue(x: Tensor, logits: Tensor): Tensor {
  const stable = tf.add(tf.relu(logits), tf.softplus(tf.neg(tf.abs(logits)))); // softplus(logits), no overflow
  return tf.sub(stable, tf.mul(x, logits));
}
