import { type Static, Type } from "typebox";
import { oneOf } from "../../config/schema.ts";
import { ConfigError } from "../../errors.ts";
import type { Scalar, Tensor } from "../../tf.ts";
import type { Convention } from "../define.ts";
import {
  bernoulliNegLogLikelihood,
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

/** @throws ConfigError where the likelihood doesn't fit the last activation. */
export function checkLikelihood(o: LikelihoodOptions & { readonly output: string }): void {
  if (o.likelihood === "bernoulli" && o.output !== "sigmoid") {
    throw new ConfigError(
      `model_params.output: expected sigmoid for likelihood: bernoulli, got "${o.output}". Change one of them.`,
    );
  }
}
