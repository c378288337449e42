import type { Arrays } from "../../loggers/logger.ts";
import type { RunState } from "../runs/run_state.ts";
import type { Group } from "./batch.ts";
import { batchesAStep } from "./gradient_sums.ts";
import { type RunContext, ratesAt } from "./run_context.ts";

/** Whether the step after `at` has histograms: each N steps, or where a validation follows. */
export function histogramsAreDue(
  { args, plan }: RunContext,
  { step, batch, epoch }: Pick<RunState, "step" | "batch" | "epoch">,
): boolean {
  const { logging_params: logging, trainer_params: trainer } = args.config;
  const every = logging.histogram_every_n_steps;
  if (every !== undefined) return every > 0 && step % every === 0;
  if (step + 1 >= plan.totalSteps) return true;
  return (
    batch + batchesAStep(args.config) >= plan.batchesPerEpoch &&
    (epoch + 1) % trainer.check_val_every_n_epoch === 0
  );
}

/** The weights, and the gradients that the step on `batches` is about to take; no step may be under way. */
export function gradientsAndWeights(run: RunContext, batches: Group): Arrays {
  const { state, stepper, args } = run;
  const values: Record<string, Float32Array> = {};
  for (const [name, g] of stepper.gradients(batches, state.step, ratesAt(run, state)))
    values[`gradients/${name}`] = g;
  for (const [name, p] of args.prepared.vae.params)
    values[`weights/${name}`] = p.value.dataSync() as Float32Array;
  return values;
}
