import type { BackendInfo } from "../../backends/use_backend.ts";
import type { Config } from "../../config/schema.ts";
import type { HostBatch } from "../../data/loader.ts";
import { weightsAtEnd } from "../training/loss_weights.ts";
import type { Optimizer } from "../training/optimizers.ts";
import { createPrecomputeCache, type PrecomputeCache } from "../training/precompute_cache.ts";
import type { Prepared } from "../training/prepared.ts";
import { learningRates } from "../training/schedules.ts";
import { createStepper, type Stepper } from "../training/stepper.ts";

export interface BenchArgs {
  readonly config: Config;
  readonly prepared: Prepared;
  readonly backend: BackendInfo;
  /** Steps measured, and steps before them. */
  readonly steps: number;
  readonly warmup: number;
  /** Measure the step without its optimizer too. */
  readonly phases: boolean;
  say(text: string): void;
}

/** What `vae bench --json` prints. */
export interface BenchResult {
  readonly model: string;
  readonly backend: string;
  readonly version: string;
  readonly precision: string;
  readonly compiled: boolean;
  readonly batch_size: number;
  /** [H, W, C]. */
  readonly image_shape: readonly number[];
  readonly steps: number;
  readonly images_per_second: { readonly median: number; readonly min: number; readonly max: number };
  /**
   * Seconds a step (medians): `data` to prepare a batch, apart from the step; `forward_backward`, the step with
   * no optimizer; `optimizer`, what the step takes longer than that.
   */
  readonly phases: {
    readonly data: number;
    readonly forward_backward?: number;
    readonly optimizer?: number;
  };
  /** From the call to the end of the first step: rehearsals, compilation, step. */
  readonly first_step_seconds: number;
  readonly peak_memory_bytes: number;
  /** Of the device's own memory, where something counts it. */
  readonly peak_device_memory_bytes?: number;
}

/** Batches held in memory, so that a step waits for no data. */
const HELD = 4;

/** Measures a config's training step on the backend in use. Nothing is written. */
export async function bench(given: BenchArgs): Promise<BenchResult> {
  const { config, backend, steps } = given;
  const prepared = { ...given.prepared, weights: weightsAtEnd(given.prepared.weights) };
  const args = { ...given, prepared };
  const cache = createPrecomputeCache(config, { vae: prepared.vae, images: prepared.train.size }, args.say);
  const batches = await firstBatches(prepared, HELD);
  for (const batch of batches) await cache.complete(batch);
  const data = await secondsPerBatch(prepared, Math.max(8, steps));
  const whole = await time(createStepper(args), cache, batches, args);
  const half = args.phases ? await withoutOptimizer(args, cache, batches) : undefined;
  await cache.close();
  const size = batches[0]!.shape[0];
  const stepSeconds = median(whole.seconds);
  const devicePeak = backend.devicePeak?.();
  return {
    model: config.model_params.name,
    backend: backend.name,
    version: backend.version,
    precision: config.trainer_params.precision,
    compiled: whole.compiled,
    batch_size: size,
    image_shape: prepared.dataset.imageShape,
    steps,
    images_per_second: {
      median: size / stepSeconds,
      min: size / Math.max(...whole.seconds),
      max: size / Math.min(...whole.seconds),
    },
    phases: {
      data,
      ...(half !== undefined && {
        forward_backward: Math.min(half, stepSeconds),
        optimizer: Math.max(0, stepSeconds - half),
      }),
    },
    first_step_seconds: whole.first,
    peak_memory_bytes: process.resourceUsage().maxRSS * 1024,
    ...(devicePeak !== undefined && { peak_device_memory_bytes: devicePeak }),
  };
}

async function withoutOptimizer(args: BenchArgs, cache: PrecomputeCache, batches: readonly HostBatch[]) {
  const none = new Map([...args.prepared.optimizers.keys()].map((phase) => [phase, NO_OPTIMIZER]));
  const prepared = { ...args.prepared, optimizers: none, average: undefined };
  const stepper = createStepper({ ...args, prepared });
  const { seconds } = await time(stepper, cache, batches, {
    ...args,
    steps: Math.max(3, Math.ceil(args.steps / 2)),
  });
  return median(seconds);
}

const NO_OPTIMIZER: Optimizer = { state: new Map(), apply: () => {}, dispose: () => {} };

async function firstBatches({ train }: Prepared, count: number): Promise<HostBatch[]> {
  const found: HostBatch[] = [];
  for await (const batch of train.batches(0)) {
    found.push(batch);
    if (found.length === count) break;
  }
  return found;
}

/** Seconds to prepare a batch, with nothing else to do. */
async function secondsPerBatch({ train }: Prepared, count: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  for (let epoch = 0; done < count; epoch++) {
    for await (const _ of train.batches(epoch)) if (++done >= count) break;
  }
  return (performance.now() - began) / 1000 / done;
}

/**
 * Times steps, each with the lookup of what the feature cache keeps of its batch: from the end of the one before to its
 * own, as a device may compute one while the next is prepared.
 */
async function time(
  stepper: Stepper,
  cache: PrecomputeCache,
  batches: readonly HostBatch[],
  { config, steps, warmup, backend }: BenchArgs,
) {
  const most = backend.stepsInFlight ?? 1;
  const lr = learningRates(config.exp_params, stepper.phases, {
    step: 0,
    epoch: 0,
    totalSteps: warmup + steps,
  });
  let first = 0;
  let before = performance.now();
  const seconds: number[] = [];
  const inFlight: Promise<unknown>[] = [];
  const end = async () => {
    await inFlight.shift();
    const now = performance.now();
    seconds.push((now - before) / 1000);
    before = now;
  };
  for (let step = 0; step < warmup + steps; step++) {
    const batch = await cache.complete(batches[step % batches.length]!);
    inFlight.push((await stepper.start(batch, step, lr)).metrics);
    while (inFlight.length >= (step === 0 ? 1 : most)) await end();
    if (step === 0) first = seconds[0]!;
  }
  while (inFlight.length > 0) await end();
  seconds.splice(0, warmup);
  stepper.syncVariables();
  return { first, seconds, compiled: stepper.compiled };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
