import type { ExpParams, LossWeight } from "../config/schema.ts";
import type { Convention, ModelDefinition } from "../models/define.ts";
import { END, weightAt } from "./schedules.ts";

/** PyTorch-VAE's kld_weight in all its configs: what pixel_mean means where none is given. */
const KLD_WEIGHT = 0.00025;

/** The convention of a config: what it says, else `pixel_mean` where it has a kld_weight, else `elbo`. */
export function conventionOf(exp: ExpParams): Convention {
  return exp.reconstruction ?? (exp.kld_weight === undefined ? "elbo" : "pixel_mean");
}

/** What a nat weighs beside the reconstruction: kld_weight under `pixel_mean`, else 1. */
export function natWeightOf(exp: ExpParams): number {
  return conventionOf(exp) === "pixel_mean" ? (exp.kld_weight ?? KLD_WEIGHT) : 1;
}

/** The weight of each loss term at a step; the one place where weights are applied. */
export type Weights = (step: number) => Record<string, number>;

/**
 * The model's default weights, replaced by `loss_weights`. Under `pixel_mean` the weight of a term in nats is
 * times kld_weight unless `loss_weights` names it.
 */
export function lossWeights(
  model: ModelDefinition,
  params: Record<string, unknown>,
  exp: ExpParams,
): Weights {
  const convention = conventionOf(exp);
  const weights: Record<string, LossWeight> = {};
  for (const [term, { weight, nats = term === "kl" }] of Object.entries(model.terms(params, convention))) {
    weights[term] = exp.loss_weights?.[term] ?? weight * (nats ? natWeightOf(exp) : 1);
  }
  return (step) => Object.fromEntries(Object.entries(weights).map(([term, w]) => [term, weightAt(w, step)]));
}

/**
 * The weights by which `val/objective` sums the terms: those at the end of their schedules, and none for adversarial
 * terms. So it is one and the same function of the parameters at every epoch, where `total` follows the warm-up of its
 * weights and the skill of the adversary.
 */
export function objectiveWeights(
  model: ModelDefinition,
  params: Record<string, unknown>,
  exp: ExpParams,
): Readonly<Record<string, number>> {
  const docs = model.terms(params, conventionOf(exp));
  const atEnd = Object.entries(lossWeights(model, params, exp)(END));
  const counts = ([term, weight]: [string, number]) => weight !== 0 && docs[term]?.adversarial !== true;
  return Object.fromEntries(atEnd.filter(counts));
}
