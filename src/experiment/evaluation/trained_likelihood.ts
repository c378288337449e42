import type { Config } from "../../config/schema.ts";
import { bernoulli, gaussian, type Likelihood } from "../../metrics/likelihood.ts";
import { conventionOf, natWeightOf } from "../../models/convention.ts";
import type { Convention } from "../../models/define.ts";
import type { OpenRun } from "../trained/open_trained.ts";
import { totalStepsOf } from "../training/batch_groups.ts";
import { lossWeights } from "../training/loss_weights.ts";

/** The likelihood that a run's loss stands for (`trainedLikelihood`), by its weights at the checkpoint's step. */
export function lossLikelihood(
  run: Pick<OpenRun, "config" | "model" | "state" | "imageShape" | "imageRange">,
): Likelihood | string | undefined {
  const { config, model, state, imageShape, imageRange } = run;
  const { name: _, ...params } = config.model_params;
  const convention = conventionOf(config.exp_params);
  const docs = model.terms(params, convention);
  const weights: Record<string, number> = {};
  const steps = totalStepsOf(config, state.data?.steps ?? 0);
  const given = lossWeights(model, params, config.exp_params, steps)(state.step);
  for (const [term, weight] of Object.entries(given)) {
    if (docs[term]!.bound)
      Object.assign(weights, { reconstruction: weight / natWeightOf(config.exp_params), kl: weight });
    else weights[term] = weight;
  }
  const dims = docs.reconstruction?.summed ? 1 : imageShape.reduce((a, b) => a * b);
  return trainedLikelihood(config, convention, weights, dims, imageRange);
}

/**
 * The likelihood whose negative ELBO a model's loss is, up to a factor and a constant; undefined where that is the one of
 * a fitted sigma (`sigma: optimal`), or why there is none (the loss compares features). The loss w_r R + w_k KL is, over
 * w_k, that of a Gaussian: under `pixel_mean`, R = MSE, of sigma^2 = D w_k / (2 w_r), PyTorch-VAE's implied variance (D
 * values an image, docs LOSSES: 1.24^2 for its 64x64x3 and kld_weight 0.00025; D = 1 where R is a sum of squares); under
 * `elbo` of sigma^2 = w_k / w_r times the config's. A Bernoulli to the power w_r / w_k is none unless that is 1: its sum
 * over the values 0 and 1 depends on p. Sigmas are turned into those of images in [0, 1].
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
