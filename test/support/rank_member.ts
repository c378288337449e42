/**
 * One of several processes that train a variant together, or the one that trains it alone (of one node), each on its rows of the
 * same batches. Reads a `Task` for each line of standard input and prints what came of it as a line.
 *
 *   tsx rank_member.ts RANK host:port,…
 */
import { createInterface } from "node:readline";
import { useBackend } from "../../src/backends/use_backend.ts";
import type { StepBatch } from "../../src/experiment/training/batch.ts";
import { GradientSums } from "../../src/experiment/training/gradient_sums.ts";
import type { StepMetrics } from "../../src/experiment/training/loggers/step_metrics.ts";
import { createOptimizer } from "../../src/experiment/training/optimizers.ts";
import { Stepper } from "../../src/experiment/training/stepper.ts";
import { WeightAverage } from "../../src/experiment/training/weight_average.ts";
import type { Convention } from "../../src/models/define.ts";
import { getModel } from "../../src/models/registry.ts";
import { Rng } from "../../src/rng.ts";
import { build } from "./models.ts";
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
}

export interface Outcome {
  readonly metrics: readonly StepMetrics[];
  /** All variables after the last step, one after the other, in base64. */
  readonly state: string;
  readonly compiled: boolean;
}

const ADAM = { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 } as never;
const [rank, nodes] = [Number(process.argv[2]), process.argv[3]!.split(",")];
const backend = await useBackend("tensorflow", nodes.length > 1 ? { place: { rank, nodes } } : {});

for await (const line of createInterface(process.stdin)) {
  const outcome = await taken(JSON.parse(line)).catch((error: Error) => ({ error: error.stack }));
  console.log(JSON.stringify(outcome));
}
await backend.ranks?.close();
process.exit(0);

async function taken(task: Task): Promise<Outcome> {
  const { variant, convention, steps, batch, compile = true, group = 1, rate = 1e-3 } = task;
  const model = getModel(variant)!;
  const params = { ...small(model), ...task.params };
  const vae = await build(model, params, { convention });
  const weights = { ...unitWeights(model, convention, params), capacity: 0.01 };
  const optimizers = new Map(
    vae.phases.map((phase) => [phase.name, createOptimizer(ADAM, trained(vae, phase), phase.name)]),
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
