import { restoreCheckpoint } from "../runs/checkpoint.ts";
import { type Found, newestCheckpoint } from "../runs/checkpoint_files.ts";
import { newRunState, type RunState } from "../runs/run_state.ts";
import { stepsOn, trainedBatches } from "./batch_groups.ts";
import { moveTo, printOf } from "./data_print.ts";
import { stopRuleOf } from "./early_stopping.ts";
import { type Monitor, monitorOf, monitorOfRun, sameMonitor } from "./monitor.ts";
import type { Prepared } from "./prepared.ts";
import { startTogether } from "./rank_start.ts";
import type { Plan, TrainArgs } from "./run_context.ts";

/** Where a run starts. */
export interface Start {
  readonly state: RunState;
  readonly plan: Plan;
  /** Where the last checkpoint stands; undefined: there is none. */
  readonly saved: Pick<RunState, "step" | "ended"> | undefined;
  /** What is otherwise than the run was left: a sentence each. */
  readonly changed: readonly string[];
  /** What was wrong with checkpoints that were not taken, a line each; "" where nothing was. */
  readonly passed: string;
}

/**
 * A new run's start, or that of one that is gone on with: parameters and optimizers as its newest whole checkpoint has
 * them, its place brought to the data and batches of now.
 */
export async function startOf(args: TrainArgs): Promise<Start> {
  const { config, prepared, folder, resume } = args;
  const found = resume ? await newestCheckpoint(folder.checkpoints) : undefined;
  const batches = trainedBatches(config, prepared.train.batchesPerEpoch);
  const data = await printOf(prepared, { batch: config.data_params.train_batch_size, steps: batches });
  const state = newRunState();
  const changed: string[] = [];
  if (found !== undefined) {
    restore(state, found, args);
    const { notes, valChanged } = moveTo(state, data);
    changed.push(...notes, ...forgetBest(state, monitorOf(config), valChanged));
    const rule = stopRuleOf(config);
    const { stopping } = state;
    const same = stopping?.monitor === rule?.monitor && stopping?.mode === rule?.mode;
    if (!same || valChanged) state.stopping = undefined; // counts anew
  }
  changed.push(...goOnAveraging(state, prepared));
  state.data = data;
  if (args.backend.ranks !== undefined) await startTogether(args.backend.ranks, args, state);
  return {
    state,
    plan: planOf(state, batches, args),
    saved: found && { ...state },
    changed,
    passed: found === undefined ? "" : passedText(found),
  };
}

function restore(state: RunState, { checkpoint }: Found, { prepared, folder }: TrainArgs): void {
  const { model, vae, optimizers, average } = prepared;
  Object.assign(state, restoreCheckpoint(checkpoint, model.name, vae, optimizers, average));
  if (state.best !== undefined && state.best.monitor === undefined)
    state.best = { ...state.best, ...monitorOfRun(folder.path) };
}

/** Brings the average of the weights to where it stood; a sentence where there is one from here on, or none. */
function goOnAveraging(state: RunState, { average }: Prepared): string[] {
  const from = state.averagedFrom;
  state.averagedFrom = average && (from ?? state.step);
  if (average === undefined)
    return from === undefined
      ? []
      : ["trainer_params.ema is gone: validation is of the last step's weights."];
  if (from !== undefined) average.goOn(from);
  else average.restart(state.step);
  return from === undefined && state.step > 0
    ? [`the checkpoint has no averaged weights: trainer_params.ema begins at step ${state.step}.`]
    : [];
}

function planOf(
  { step, epoch, batch }: RunState,
  batchesPerEpoch: number,
  { config, until = Infinity }: Pick<TrainArgs, "config" | "until">,
): Plan {
  const { max_epochs = Infinity, max_steps = Infinity } = config.trainer_params; // a whole config says one of both
  const stepsPerEpoch = stepsOn(config, batchesPerEpoch);
  const rest = stepsOn(config, batchesPerEpoch - batch); // of the epoch under way
  const left = epoch < max_epochs ? rest + (max_epochs - epoch - 1) * stepsPerEpoch : 0; // of whole epochs
  const totalSteps = Math.min(max_steps, step + left);
  const toCome = Math.max(0, totalSteps - step);
  const more = toCome > rest ? 1 + Math.ceil((toCome - rest) / stepsPerEpoch) : Math.min(1, toCome + batch);
  const lastStep = Math.min(totalSteps, until);
  return { batchesPerEpoch, stepsPerEpoch, totalSteps, lastStep, epochs: epoch + more };
}

/** Drops the best so far where it can't be compared with what is to come; a sentence where it does. */
function forgetBest(state: RunState, monitor: Monitor, valChanged: boolean): string[] {
  const { best } = state;
  if (best === undefined || (sameMonitor(best, monitor) && !valChanged)) return [];
  state.best = undefined;
  const by = sameMonitor(best, monitor) ? "other images" : `${best.monitor} (${best.mode})`;
  const of = best.step === undefined ? "" : `, of step ${best.step},`;
  return [
    `the best checkpoint so far${of} was chosen by ${by}: from here on it is chosen anew, by ${monitor.monitor} ` +
      `(${monitor.mode}).`,
  ];
}

function passedText({ checkpoint: { file, state }, passed }: Found): string {
  if (passed.length === 0) return "";
  return [...passed, `going on from ${file}, step ${state.step}, the newest that is whole`].join("\n");
}
