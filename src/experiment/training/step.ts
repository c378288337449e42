import { globalNorm } from "../../backends/global_norm.ts";
import { type RankGroup, together } from "../../backends/ranks.ts";
import { newCtx } from "../../models/ctx.ts";
import type { Batch, Ctx, Loss, VAE } from "../../models/vae.ts";
import type { Rng } from "../../rng.ts";
import { type Named, type Scalar, type Tensor, tf } from "../../tf.ts";
import type { GradientSums } from "./gradient_sums.ts";
import type { Rates, StepMetrics, StepMetricsOf } from "./loggers/step_metrics.ts";
import { idleTerms, type Weights } from "./loss_weights.ts";
import { flatten, readMetrics } from "./metric_tensors.ts";
import type { Optimizer } from "./optimizers.ts";
import { meanGradients, meanMetrics } from "./over_ranks.ts";
import { phaseGradients } from "./phase_gradients.ts";
import { inputsAt, type StepInputs, type StepPoint } from "./step_inputs.ts";
import type { WeightAverage } from "./weight_average.ts";

export interface StepArgs {
  readonly vae: VAE;
  readonly weights: Weights;
  /** By phase name. */
  readonly optimizers: ReadonlyMap<string, Optimizer>;
  /** The stream of the run's steps; each step folds in its number. */
  readonly rng: Rng;
  readonly gradientClip?: number | undefined;
  /** Of steps that take several batches. */
  readonly sums?: GradientSums | undefined;
  /** Takes in the weights that each step makes. */
  readonly average?: WeightAverage | undefined;
  /** That compute each step together, each on its part of the batch. */
  readonly ranks?: RankGroup | undefined;
}

/**
 * Which batch of a step one is: the only one, or one whose gradients are added to those held, or the last one, by which
 * the step takes the mean of all of them.
 */
export type Part = "only" | "more" | "last";

/**
 * One training step: for each phase the weighted loss of its terms, the gradient to the parameters it owns,
 * its optimizer, and the parameters that no optimizer owns; then the average of them. A function of (parameters,
 * optimizer state, batch, step, seed) and of nothing else. The caller disposes the metrics.
 *
 * Of several batches each computes its losses and what no optimizer owns; the optimizers step after the last one, when
 * every phase's gradients are taken, so that all batches see the same parameters.
 */
export function stepTensors(
  args: StepArgs,
  batch: Batch,
  at: StepInputs,
  part: Part = "only",
): StepMetricsOf<Tensor> {
  const updates: (() => void)[] = [];
  const run: RunPhase = (phase, lossOf) => {
    const { value, named } = phaseGradients(args.vae, phase, lossOf);
    if (part === "more") {
      args.sums!.add(phase.name, named);
      return [value, tf.scalar(0)];
    }
    const grads = meanGradients(part === "only" ? named : args.sums!.mean(phase.name, named, at));
    const norm = globalNorm([...grads.values()]);
    const update = () => args.optimizers.get(phase.name)!.apply(clip(grads, norm, args.gradientClip), at);
    if (part === "only") update();
    else updates.push(update);
    return [value, norm];
  };
  const metrics = together(args.ranks, () =>
    runPhases(args, batch, at, TRAINING, run, () => {
      for (const update of updates) update();
    }),
  );
  if (part !== "more") args.average?.update(at);
  return metrics;
}

/**
 * The gradients that `stepTensors` would take first, by parameter name and before clipping; nothing changes. Of a
 * model of several phases each phase's are those before any of them has changed its parameters.
 */
export function stepGradients(args: Omit<StepArgs, "optimizers">, batch: Batch, at: StepInputs) {
  const found = new Map<string, Float32Array>();
  const metrics = together(args.ranks, () =>
    runPhases(args, batch, at, REHEARSAL, (phase, lossOf) => {
      const { value, named } = phaseGradients(args.vae, phase, lossOf);
      for (const [name, g] of meanGradients(named)) found.set(name, g.dataSync() as Float32Array);
      return [value, tf.scalar(0)];
    }),
  );
  tf.dispose(flatten(metrics).tensors);
  return found;
}

/** `stepTensors` of one batch op by op, at optimizer step `step` with the learning rates `lr`. */
export function trainStep(args: StepArgs, batch: Batch, step: number, lr: Rates): StepMetrics {
  return readMetrics(stepTensors(args, batch, inputsAt(pointOf(args, step, lr), args.ranks)));
}

/** Where a training step on one batch stands. */
export const pointOf = (
  { weights, rng }: Pick<StepArgs, "weights" | "rng">,
  step: number,
  lr: Rates,
): StepPoint => ({ step, lr, rng: rng.fold(step), idle: idleTerms(weights, step) });

/**
 * The metrics of a step that changes nothing: evaluation mode, running statistics of batch norm, weights as
 * at `step`, noise from `args.rng` as it is. `scheduled` is called where a loss follows the step by itself
 * (`ctx.schedule`, `ctx.step`).
 */
export function evaluateStep(
  args: Omit<StepArgs, "optimizers">,
  batch: Batch,
  step: number,
  scheduled?: () => void,
): StepMetrics {
  const at = inputsAt({ step, lr: 0, rng: args.rng });
  const mode = { ...EVALUATION, ...(scheduled && { scheduled }) };
  return readMetrics(runPhases(args, batch, at, mode, (_, lossOf) => [lossOf(), tf.scalar(0)]));
}

/** `update`: whether the parameters that no optimizer owns get their next values. */
interface Mode {
  readonly training: boolean;
  readonly update: boolean;
  scheduled?(): void;
}
const TRAINING: Mode = { training: true, update: true };
const REHEARSAL: Mode = { training: true, update: false };
const EVALUATION: Mode = { training: false, update: false };

type RunPhase = (phase: VAE["phases"][number], lossOf: () => Tensor) => [total: Tensor, norm: Tensor];

function runPhases(
  { vae, weights }: Pick<StepArgs, "vae" | "weights">,
  batch: Batch,
  at: StepInputs,
  mode: Mode,
  run: RunPhase,
  afterwards?: () => void,
): StepMetricsOf<Tensor> {
  const kept = new Set<Tensor>(); // past the gradient's own tidy
  const keep = (tensors: Named<Tensor> = {}) => {
    for (const t of Object.values(tensors)) kept.add(tf.keep(t));
  };
  let metrics: StepMetricsOf<Tensor> | undefined;
  try {
    metrics = tf.tidy(() => {
      const terms: Record<string, Tensor> = {};
      const scalars: Record<string, Tensor> = {};
      const totals: Tensor[] = [];
      const norms: Tensor[] = [];
      let carry: Named<Tensor> = {};
      for (const phase of vae.phases) {
        const ctx = contextOf(at, mode, phase.name, batch);
        let loss: Loss | undefined;
        const [total, norm] = run(phase, () => {
          loss = phase.loss(batch, ctx, carry);
          for (const held of [loss.terms as Named<Tensor>, loss.updates, loss.carry, loss.scalars])
            keep(held);
          return weightedSum(loss.terms, weights, at);
        });
        if (loss === undefined) throw new Error(`phase "${phase.name}" computed no loss`);
        totals.push(total);
        norms.push(norm);
        Object.assign(terms, loss.terms);
        Object.assign(scalars, loss.scalars);
        carry = { ...carry, ...loss.carry };
        if (mode.update) {
          for (const [name, next] of Object.entries(loss.updates ?? {}))
            vae.params.get(name)!.value.assign(next);
        }
      }
      afterwards?.();
      const total = totals.reduce((a, b) => tf.add(a, b));
      const gradNorm = norms.reduce((a, b) => tf.maximum(a, b));
      return { ...meanMetrics({ total, gradNorm, terms, scalars }, at) };
    });
    return metrics;
  } finally {
    const returned = new Set(metrics && flatten(metrics).tensors);
    for (const t of kept) if (!returned.has(t)) t.dispose();
  }
}

function contextOf(at: StepInputs, mode: Mode, phase: string, { labels }: Batch): Ctx {
  const ctx = newCtx({ training: mode.training, rng: at.rng.fold(phase), labels });
  const schedule: Ctx["schedule"] = (value) => {
    mode.scheduled?.();
    return at.scalar(({ step }) => value(step));
  };
  const get = () => {
    mode.scheduled?.();
    return at.step;
  };
  return Object.defineProperty({ ...ctx, idle: at.idle, schedule }, "step", { get });
}

/** The sum of the terms, each times its weight. */
function weightedSum(terms: Loss["terms"], weights: Weights, at: StepInputs): Scalar {
  const weighted = Object.entries(terms).map(([term, value]) => {
    const weight = at.scalar(({ step }) => {
      const found = weights(step)[term];
      if (found === undefined) throw new Error(`loss term "${term}" is not declared in the model's terms()`);
      return found;
    });
    return tf.mul<Scalar>(value!, weight);
  });
  return weighted.reduce((a, b) => tf.add(a, b));
}

/** The gradients, scaled down together where their norm is above `limit` (arXiv 1211.5063, algorithm 1). */
function clip(grads: Map<string, Tensor>, norm: Scalar, limit: number | undefined): Map<string, Tensor> {
  if (limit === undefined) return grads;
  const scale = tf.minimum(1, tf.div(limit, tf.add(norm, 1e-6))); // torch's clip_grad_norm_
  return new Map([...grads].map(([name, g]) => [name, tf.mul(g, scale)]));
}
