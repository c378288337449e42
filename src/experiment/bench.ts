import type { BackendInfo } from "../backends/index.ts";
import type { Config } from "../config/schema.ts";
import type { HostBatch } from "../data/loader.ts";
import type { Optimizer } from "./optimizers.ts";
import type { Prepared } from "./prepare.ts";
import { learningRate } from "./schedules.ts";
import { createStepper, type Stepper } from "./stepper.ts";

export interface BenchArgs {
  readonly config: Config;
  readonly prepared: Prepared;
  readonly backend: BackendInfo;
  /** Steps measured, and steps before them. */
  readonly steps: number;
  readonly warmup: number;
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
  readonly phases: { readonly data: number; readonly forward_backward: number; readonly optimizer: number };
  /** From the call to the end of the first step: rehearsals, compilation, step. */
  readonly first_step_seconds: number;
  readonly peak_memory_bytes: number;
}

/** Batches held in memory, so that a step waits for no data. */
const HELD = 4;

/** Measures a config's training step on the backend in use. Nothing is written. */
export async function bench(args: BenchArgs): Promise<BenchResult> {
  const { config, prepared, backend, steps, warmup } = args;
  const batches = await firstBatches(prepared, HELD);
  const data = await secondsPerBatch(prepared, Math.max(8, steps));
  const whole = await time(createStepper(args), batches, args, steps, warmup);
  const none = new Map([...prepared.optimizers.keys()].map((phase) => [phase, NO_OPTIMIZER]));
  const without = createStepper({ ...args, prepared: { ...prepared, optimizers: none } });
  const half = await time(without, batches, args, Math.max(3, Math.ceil(steps / 2)), warmup);
  const size = batches[0]!.shape[0];
  const [stepSeconds, halfSeconds] = [median(whole.seconds), median(half.seconds)];
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
      forward_backward: Math.min(halfSeconds, stepSeconds),
      optimizer: Math.max(0, stepSeconds - halfSeconds),
    },
    first_step_seconds: whole.first,
    peak_memory_bytes: process.resourceUsage().maxRSS * 1024,
  };
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

async function time(
  stepper: Stepper,
  batches: readonly HostBatch[],
  { config }: BenchArgs,
  steps: number,
  warmup: number,
) {
  const lr = learningRate(config.exp_params, { step: 0, epoch: 0, totalSteps: warmup + steps });
  const began = performance.now();
  let first = 0;
  const seconds: number[] = [];
  for (let step = 0; step < warmup + steps; step++) {
    const start = performance.now();
    await stepper.run(batches[step % batches.length]!, step, lr);
    const end = performance.now();
    if (step === 0) first = (end - began) / 1000;
    if (step >= warmup) seconds.push((end - start) / 1000);
  }
  stepper.giveBack();
  return { first, seconds, compiled: stepper.compiled };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
