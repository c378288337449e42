import type { ExpParams, LossWeight, OptimizerParams } from "../../config/schema.ts";
import type { Rates } from "./loggers/step_metrics.ts";

/** Where a run stands. `epoch`: whole epochs done; `totalSteps`: steps of the whole run. */
export interface Place {
  readonly step: number;
  readonly epoch: number;
  readonly totalSteps: number;
}

/**
 * The learning rate of the next step. `exponential`: LR gamma^epoch (torch's ExponentialLR); `step`: LR
 * gamma^floor(epoch / size) (StepLR); `cosine`: from LR to min_lr over all steps (arXiv 1608.03983, eq. 5,
 * without restarts). A warm-up multiplies it by (step + 1) / lr_warmup_steps until that is 1.
 */
export function learningRate(exp: OptimizerParams, { step, epoch, totalSteps }: Place): number {
  const gamma = exp.scheduler_gamma || 1; // files of PyTorch-VAE write 0 for none
  const warmup = exp.lr_warmup_steps > 0 ? Math.min(1, (step + 1) / exp.lr_warmup_steps) : 1;
  switch (exp.scheduler) {
    case "none":
      return exp.LR * warmup;
    case "exponential":
      return exp.LR * gamma ** epoch * warmup;
    case "step":
      return exp.LR * gamma ** Math.floor(epoch / exp.scheduler_step_size) * warmup;
    case "cosine": {
      const done = Math.min(1, step / totalSteps);
      return (exp.min_lr + 0.5 * (exp.LR - exp.min_lr) * (1 + Math.cos(Math.PI * done))) * warmup;
    }
  }
}

/**
 * What the optimizer of a phase is: the keys of `exp_params`, changed by those of `optimizers` and, in the second
 * phase, by PyTorch-VAE's LR_2 and scheduler_gamma_2, as it reads them: Adam without weight decay, and a constant
 * rate where there is no scheduler_gamma_2.
 */
export function optimizerParams(exp: ExpParams, phases: readonly string[], phase: string): OptimizerParams {
  const second = phase === phases[1] && exp.LR_2 !== undefined;
  const theirs = second && {
    LR: exp.LR_2!,
    weight_decay: 0,
    scheduler_gamma: exp.scheduler_gamma_2 ?? null,
  };
  return { ...exp, ...theirs, ...exp.optimizers?.[phase] };
}

/** The learning rate of each phase at the next step, by name. */
export function learningRates(exp: ExpParams, phases: readonly string[], place: Place): Rates {
  const rates = phases.map(
    (phase) => [phase, learningRate(optimizerParams(exp, phases, phase), place)] as const,
  );
  return Object.fromEntries(rates);
}

/** A step at which every schedule has come to its end; finite, because a plugin's may compute with it. */
export const END = Number.MAX_SAFE_INTEGER;

/** A loss weight at `step`: `start` for `delay_steps`, then in a straight line to `value` over `warmup_steps`. */
export function weightAt(weight: LossWeight, step: number, totalSteps: number): number {
  if (typeof weight === "number") return weight;
  const { value, start = 0, delay_steps = 0, warmup_steps = 0 } = weight;
  const risen = step - stepsOf(delay_steps, totalSteps);
  const over = stepsOf(warmup_steps, totalSteps);
  if (risen >= over) return value;
  return risen <= 0 ? start : start + ((value - start) * risen) / over;
}

/** A number of steps that a config gives as it is or, below 1, as a share of the run's. */
const stepsOf = (given: number, totalSteps: number): number =>
  given < 1 ? Math.round(given * totalSteps) : given;
