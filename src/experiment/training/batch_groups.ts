import type { Config } from "../../config/schema.ts";
import type { HostBatch } from "../../data/loader.ts";
import type { RunState } from "../runs/run_state.ts";
import type { Group, StepBatch } from "./batch.ts";
import { batchesAStep } from "./gradient_sums.ts";
import type { PrecomputeCache } from "./precompute_cache.ts";
import type { RunContext } from "./run_context.ts";

/**
 * The batches of an epoch after the first `batch`, by the steps that take them. A step ends with its epoch: the last may
 * have fewer.
 */
export async function* groupsOf(
  { args, plan }: RunContext,
  { epoch, batch }: Pick<RunState, "epoch" | "batch">,
): AsyncGenerator<readonly HostBatch[]> {
  const size = batchesAStep(args.config);
  let left = plan.batchesPerEpoch - batch;
  let group: HostBatch[] = [];
  for await (const next of args.prepared.train.batches(epoch, batch)) {
    group.push(next);
    left--;
    if (group.length < size && left > 0) continue;
    yield group;
    group = [];
    if (left <= 0) return;
  }
}

/** Batches that an epoch trains on, of those that there are. */
export const trainedBatches = ({ trainer_params }: Config, there: number): number =>
  Math.min(there, trainer_params.limit_train_batches ?? Infinity);

/** Steps that take so many batches of an epoch. */
export const stepsOn = (config: Config, batches: number): number => Math.ceil(batches / batchesAStep(config));

/** Steps of a run from its beginning, on epochs of so many batches. */
export function totalStepsOf(config: Config, batches: number): number {
  const { max_steps = Infinity, max_epochs = Infinity } = config.trainer_params; // a whole config says one of both
  return Math.min(max_steps, max_epochs * stepsOn(config, batches));
}

/** A step's batches with what is precomputed of them. */
export async function completed(cache: PrecomputeCache, hosts: readonly HostBatch[]): Promise<Group> {
  const group: StepBatch[] = [];
  for (const host of hosts) group.push(await cache.complete(host));
  return group;
}

/** Images of a step. */
export const imagesOf = (group: Group): number => group.reduce((sum, { shape }) => sum + shape[0], 0);
