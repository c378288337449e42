import type { ExpParams, LossWeight } from "../config/schema.ts";

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
export function learningRate(exp: ExpParams, { step, epoch, totalSteps }: Place): number {
  const gamma = exp.scheduler_gamma ?? 1;
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

/** A loss weight at `step`: rises in a straight line from `start` over `warmup_steps`. */
export function weightAt(weight: LossWeight, step: number): number {
  if (typeof weight === "number") return weight;
  const { value, start = 0, warmup_steps = 0 } = weight;
  return step >= warmup_steps ? value : start + ((value - start) * step) / warmup_steps;
}
