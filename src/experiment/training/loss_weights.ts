import type { ExpParams, LossWeight } from "../../config/schema.ts";
import { conventionOf, natWeightOf } from "../../models/convention.ts";
import { isTimesKldWeight, type ModelDefinition } from "../../models/define.ts";
import { END, weightAt } from "./schedules.ts";

const NONE: ReadonlySet<string> = new Set();

/** The weight of each loss term at a step; the one place where weights are applied. */
export type Weights = (step: number) => Record<string, number>;

/**
 * The model's default weights, replaced by `loss_weights`. Under `pixel_mean` the weight of a term that is
 * `timesKldWeight` is times kld_weight, and one with `warmupSteps` rises, unless `loss_weights` names it. `totalSteps`: of
 * the run, for what is a share of them.
 */
export function lossWeights(
  model: ModelDefinition,
  params: Record<string, unknown>,
  exp: ExpParams,
  totalSteps: number,
): Weights {
  const convention = conventionOf(exp);
  const weights: Record<string, LossWeight> = {};
  for (const [term, doc] of Object.entries(model.terms(params, convention))) {
    const scale = isTimesKldWeight(term, doc) ? natWeightOf(exp) : 1;
    const value = doc.weight * scale;
    const { warmupSteps: warmup_steps } = doc;
    weights[term] =
      exp.loss_weights?.[term] ?? (warmup_steps === undefined ? value : { value, warmup_steps });
  }
  return (step) =>
    Object.fromEntries(Object.entries(weights).map(([term, w]) => [term, weightAt(w, step, totalSteps)]));
}

/**
 * The terms that weigh nothing at `step`, nor at the one before or after it: not those whose rise from 0 begins with the
 * first step, for which a step would be compiled that runs once.
 */
export function idleTerms(weights: Weights, step: number): ReadonlySet<string> {
  const now = Object.entries(weights(step));
  if (now.every(([, weight]) => weight !== 0)) return NONE;
  const beside = [step - 1, step + 1].filter((s) => s >= 0).map(weights);
  const rests = ([term, weight]: [string, number]) => weight === 0 && beside.some((w) => w[term] === 0);
  return new Set(now.filter(rests).map(([term]) => term));
}

/** A sentence for each weight of `loss_weights` that a run of so many steps ends before it rises. */
export function neverRisen(
  { loss_weights = {} }: Pick<ExpParams, "loss_weights">,
  totalSteps: number,
): string[] {
  return Object.entries(loss_weights).flatMap(([term, weight]) => {
    if (typeof weight === "number") return [];
    const { value, start = 0, delay_steps } = weight;
    const last = weightAt({ ...weight, warmup_steps: 0 }, totalSteps - 1, totalSteps);
    if (value === start || last !== start) return [];
    return (
      `exp_params.loss_weights.${term}: stays ${start}, for its delay_steps, ${delay_steps}, are no fewer than the run's ` +
      `steps, ${totalSteps}. Lower them, or give a share of the run: 0.8.`
    );
  });
}

/** The weights at the end of their schedules at every step: of a step whose time is measured. */
export function weightsAtEnd(weights: Weights): Weights {
  const final = weights(END);
  return () => final;
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
  const atEnd = Object.entries(lossWeights(model, params, exp, 0)(END)); // that of a run of any length
  const counts = ([term, weight]: [string, number]) => weight !== 0 && docs[term]?.adversarial !== true;
  return Object.fromEntries(atEnd.filter(counts));
}
