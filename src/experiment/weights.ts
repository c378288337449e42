import { conventionOf, natWeightOf } from "../config/complete.ts";
import type { ExpParams, LossWeight } from "../config/schema.ts";
import type { ModelDefinition } from "../models/define.ts";
import { weightAt } from "./schedules.ts";

export { conventionOf, natWeightOf };

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
