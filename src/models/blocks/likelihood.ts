import { type Static, Type } from "typebox";
import { meanOverRanks } from "../../backends/ranks.ts";
import { ConfigError } from "../../errors.ts";
import { oneOf } from "../../one_of.ts";
import { type Scalar, type Tensor, type Tensor1D, type Tensor4D, tf } from "../../tf.ts";
import type { Convention, TermDoc } from "../define.ts";
import {
  bernoulliNegLogLikelihood,
  bernoulliPerValue,
  gaussianLogNormalizer,
  gaussianNegLogLikelihood,
  meanSquaredError,
  optimalSigmaNegLogLikelihood,
} from "../losses/reconstruction.ts";

/** Keys of `model_params` that choose p(x | z) under the convention `elbo`. */
export const LikelihoodOptions = {
  likelihood: oneOf(["gaussian", "bernoulli"], {
    default: "gaussian",
    description: "p(x | z) of the convention elbo. bernoulli wants output: sigmoid.",
  }),
  sigma: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Literal("optimal")], {
    default: "optimal",
    description:
      "Standard deviation of the Gaussian likelihood, in the images' range: a number, or optimal, the root mean squared error of each batch (arXiv 2006.13202).",
  }),
} as const;

const Shape = Type.Object(LikelihoodOptions);
export type LikelihoodOptions = Static<typeof Shape>;

/** What a loss term `reconstruction` measures under a convention. */
export const reconstructionDoc = (convention: Convention): string =>
  convention === "elbo" ? "-log p(x | z), nats per image" : "mean squared error per element";

/** The reconstruction term of a convention: nats per image (elbo) or mean squared error (pixel_mean). */
export function reconstructionTerm(
  images: Tensor,
  pass: { readonly logits: Tensor; readonly recons: Tensor },
  convention: Convention,
  o: LikelihoodOptions,
): Scalar {
  if (convention === "pixel_mean") return meanSquaredError(images, pass.recons);
  if (o.likelihood === "bernoulli") return bernoulliNegLogLikelihood(images, pass.logits);
  return o.sigma === "optimal"
    ? optimalSigmaNegLogLikelihood(images, pass.recons)
    : gaussianNegLogLikelihood(images, pass.recons, o.sigma);
}

/**
 * `reconstructionTerm` of variants whose loss PyTorch-VAE sums over an image's values, so that its weights belong to that
 * scale: under `pixel_mean` the squared error per image, H W C times the mean.
 */
export function summedReconstructionTerm(
  images: Tensor,
  pass: { readonly logits: Tensor; readonly recons: Tensor },
  convention: Convention,
  o: LikelihoodOptions,
): Scalar {
  const term = reconstructionTerm(images, pass, convention, o);
  return convention === "pixel_mean" ? tf.mul(term, images.size / images.shape[0]!) : term;
}

/**
 * What each image costs, [B], but for constants: `reconstructionTerm` has the gradient of their mean. A sigma that is
 * fitted to the batch counts as a parameter at its best value, so that its own gradient is 0.
 */
export function reconstructionCosts(
  images: Tensor4D,
  pass: { readonly logits: Tensor4D; readonly recons: Tensor4D },
  convention: Convention,
  o: LikelihoodOptions,
): Tensor1D {
  const perImage = (t: Tensor) => tf.sum<Tensor1D>(t, [1, 2, 3]);
  if (convention === "elbo" && o.likelihood === "bernoulli")
    return perImage(bernoulliPerValue(images, pass.logits));
  const squares = perImage(tf.square(tf.sub(images, pass.recons)));
  const dims = images.size / images.shape[0];
  if (convention === "pixel_mean") return tf.div(squares, dims);
  if (o.sigma !== "optimal") return tf.div(squares, 2 * o.sigma ** 2);
  return tf.mul(dims / 2, tf.div(squares, meanOverRanks(tf.mean(squares))));
}

/** What the term `reconstruction` of `summedReconstructionTerm` is, at a weight of 1. */
export const summedReconstruction = (convention: Convention): TermDoc => ({
  doc: convention === "elbo" ? reconstructionDoc(convention) : "squared error per image",
  weight: 1,
  summed: true,
});

/**
 * log p(x | z) of each decoded image in nats, [N]; `images` and `pass`: [N, H, W, C]. Constants included under `elbo`,
 * where sigma must be a number (`checkOwnSigma`). Under `pixel_mean` the negative mean squared error over `natWeight`: a
 * Gaussian of sigma^2 = H W C natWeight / 2 without its constant, so that natWeight times it is PyTorch-VAE's.
 */
export function logLikelihoods(
  images: Tensor4D,
  pass: { readonly logits: Tensor4D; readonly recons: Tensor4D },
  { convention, natWeight }: { readonly convention: Convention; readonly natWeight: number },
  o: LikelihoodOptions,
): Tensor1D {
  const perImage = (t: Tensor) => tf.sum<Tensor1D>(t, [1, 2, 3]);
  const dims = images.size / images.shape[0];
  if (convention === "elbo" && o.likelihood === "bernoulli") {
    return tf.neg(perImage(bernoulliPerValue(images, pass.logits)));
  }
  const squares = perImage(tf.square(tf.sub(images, pass.recons)));
  if (convention === "pixel_mean") return tf.mul(squares, -1 / (dims * natWeight));
  if (o.sigma === "optimal")
    throw new Error("log p(x | z) of an image has no sigma that is fitted to a batch");
  return tf.sub(tf.mul(squares, -1 / (2 * o.sigma * o.sigma)), gaussianLogNormalizer(dims, o.sigma));
}

/**
 * For a model that compares the likelihoods of single draws.
 *
 * @throws ConfigError where sigma is fitted to what was drawn, and so no part of a likelihood
 */
export function checkOwnSigma(o: LikelihoodOptions, convention: Convention, model: string): void {
  if (convention === "elbo" && o.likelihood === "gaussian" && o.sigma === "optimal") {
    throw new ConfigError(
      `model_params.sigma: expected a number for ${model}, got "optimal": it is fitted to the draws that the bound weighs, ` +
        "and the mean weight is then no estimate of p(x) of any one likelihood, so that nothing is bounded. Write sigma: 0.1, " +
        "or about the root mean squared error that a VAE reaches on these images.",
    );
  }
}

/** @throws ConfigError where the likelihood doesn't fit the last activation. */
export function checkLikelihood(o: { readonly likelihood?: string; readonly output: string }): void {
  if (o.likelihood === "bernoulli" && o.output !== "sigmoid") {
    throw new ConfigError(
      `model_params.output: expected sigmoid for likelihood: bernoulli, got "${o.output}". Change one of them.`,
    );
  }
}
