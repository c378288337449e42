/**
 * One of several processes that train a variant together, or the one that trains it alone (of one node), each on its rows of the
 * same batches. Reads a `Task` for each line of standard input and prints what came of it as a line.
 *
 *   tsx rank_member.ts RANK host:port,…
 */
import { createInterface } from "node:readline";
import { meanOverRanks, ownRows, sumOverRanks, together, wholeBatch } from "../../src/backends/ranks.ts";
import { useBackend } from "../../src/backends/use_backend.ts";
import type { StepBatch } from "../../src/experiment/training/batch.ts";
import { GradientSums } from "../../src/experiment/training/gradient_sums.ts";
import type { StepMetrics } from "../../src/experiment/training/loggers/step_metrics.ts";
import { createOptimizer } from "../../src/experiment/training/optimizers.ts";
import { Stepper } from "../../src/experiment/training/stepper.ts";
import { WeightAverage } from "../../src/experiment/training/weight_average.ts";
import type { Convention } from "../../src/models/define.ts";
import { getModel } from "../../src/models/registry.ts";
import { batchNormOverRanks } from "../../src/nn/batch_norm_over_ranks.ts";
import { Rng } from "../../src/rng.ts";
import { type Scalar, type Tensor4D, tf } from "../../src/tf.ts";
import { build } from "./models.ts";
import { beginARoundingAway } from "./rounding.ts";
import { host } from "./steps.ts";
import { small, trained, unitWeights } from "./variants.ts";

export interface Task {
  readonly variant: string;
  readonly convention: Convention;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly steps: number;
  /** Images of the whole batch. */
  readonly batch: number;
  readonly compile?: boolean;
  /** Batches of a step, with an average of the weights. */
  readonly group?: number;
  readonly rate?: number;
  /** Batch norm by each process's own statistics. */
  readonly localBatchNorm?: boolean;
  /** Default: sgd, with momentum. */
  readonly optimizer?: "sgd" | "adam";
  /** Begins each parameter elsewhere, by a share of 6e-8 at most, half the distance of two float32: a seed of the shares. */
  readonly nudge?: number;
}

/** In the place of a task: the gradient of a function of the ranks' parts, as it comes and by differences. */
export interface GradientTask {
  readonly gradient: keyof typeof FUNCTIONS;
}

export interface Gradients {
  readonly byTape: readonly number[];
  readonly byDifferences: readonly number[];
}

export interface Outcome {
  readonly metrics: readonly StepMetrics[];
  /** All variables after the last step, one after the other, in base64. */
  readonly state: string;
  readonly compiled: boolean;
}

/** Of each rank's x, [3, 2, 1, 4]. */
const FUNCTIONS = {
  wholeBatch: (x: Tensor4D) => wholeBatch(x),
  meanOverRanks: (x: Tensor4D) => meanOverRanks(x),
  ownRows: (x: Tensor4D) => ownRows(wholeBatch(x)),
  batchNorm: (x: Tensor4D) =>
    batchNormOverRanks(x, tf.tensor1d([1, 2, 0.5, 3]), tf.tensor1d([0, 1, 2, 3]), 1e-3).y,
} as const;

const [rank, nodes] = [Number(process.argv[2]), process.argv[3]!.split(",")];
const backend = await useBackend("tensorflow", nodes.length > 1 ? { place: { rank, nodes } } : {});

for await (const line of createInterface(process.stdin)) {
  const task = JSON.parse(line);
  const take = async () => ("gradient" in task ? gradients(task) : taken(task));
  const outcome = await take().catch((error: Error) => ({ error: error.stack }));
  console.log(JSON.stringify(outcome));
}
await backend.ranks?.close();
process.exit(0);

async function taken(task: Task): Promise<Outcome> {
  const {
    variant,
    convention,
    steps,
    batch,
    compile = true,
    group = 1,
    rate = 1e-2,
    optimizer = "sgd",
    nudge,
  } = task;
  const exp = { optimizer, momentum: 0.9, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 } as never;
  if (backend.ranks !== undefined) backend.ranks.syncBatchNorm = task.localBatchNorm !== true;
  const model = getModel(variant)!;
  const params = { ...small(model), ...task.params };
  const vae = await build(model, params, { convention });
  if (nudge !== undefined) beginARoundingAway(vae, nudge);
  const weights = { ...unitWeights(model, convention, params), capacity: 0.01 };
  const optimizers = new Map(
    vae.phases.map((phase) => [phase.name, createOptimizer(exp, trained(vae, phase), phase.name)]),
  );
  const held = group > 1 ? { sums: new GradientSums(vae), average: new WeightAverage(vae, 0.3) } : {};
  const rng = Rng.fromSeed(3).fold("step");
  const stepper = new Stepper(
    { vae, weights: () => weights, optimizers, rng, gradientClip: 0.5, ranks: backend.ranks, ...held },
    {
      compiler: compile ? backend.compiler : undefined,
      precision: "float32",
      say: (text) => console.error(text),
    },
  );
  const metrics: StepMetrics[] = [];
  for (let step = 0; step < steps; step++) {
    const batches = Array.from({ length: group }, (_, i) => partOf(host(group * step + i, batch)));
    metrics.push(await stepper.run(batches, step, rate));
  }
  stepper.syncVariables();
  const state = stepper.variables.map((v) => Buffer.from(Float32Array.from(v.dataSync()).buffer));
  for (const v of stepper.variables) v.dispose();
  return { metrics, state: Buffer.concat(state).toString("base64"), compiled: stepper.compiled };
}

/** Of the sum over the ranks of a function of what each of them makes of all. */
function gradients({ gradient }: GradientTask): Gradients {
  const shape: [number, number, number, number] = [3, 2, 1, 4];
  const rng = Rng.fromSeed(11).fold(rank);
  const values = rng.normalArray(24);
  const loss = (x: Tensor4D): Scalar => {
    const y = FUNCTIONS[gradient](x);
    return tf.sum(tf.mul(tf.square(y), rng.fold("weights").normal(y.shape)));
  };
  const made = together(backend.ranks, () => tf.grad((x) => loss(x as Tensor4D))(tf.tensor4d(values, shape)));
  const step = 1e-2;
  const byDifferences: number[] = [];
  for (let other = 0; other < nodes.length; other++)
    for (let i = 0; i < values.length; i++) {
      const at = (change: number) => {
        const x = values.slice();
        if (rank === other) x[i]! += change;
        return together(backend.ranks, () => sumOverRanks(loss(tf.tensor4d(x, shape)))).dataSync()[0]!;
      };
      const slope = (at(step) - at(-step)) / (2 * step);
      if (rank === other) byDifferences.push(slope);
    }
  return { byTape: [...made.dataSync()], byDifferences };
}

/** This rank's rows. */
function partOf(whole: StepBatch): StepBatch {
  const [count, ...image] = whole.shape;
  const rows = count / nodes.length;
  const cut = (values: Float32Array) => {
    const row = values.length / count;
    return values.subarray(rank * rows * row, (rank + 1) * rows * row);
  };
  return {
    images: cut(whole.images),
    labels: cut(whole.labels!),
    shape: [rows, ...image],
    indices: whole.indices.subarray(rank * rows, (rank + 1) * rows),
  };
}
