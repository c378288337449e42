import type { StepCompiler } from "../../../src/backends/compiler.ts";
import type { HostBatch } from "../../../src/data/loader.ts";
import { GradientSums } from "../../../src/experiment/training/gradient_sums.ts";
import type { StepMetrics } from "../../../src/experiment/training/loggers/step_metrics.ts";
import { createOptimizer } from "../../../src/experiment/training/optimizers.ts";
import { Stepper } from "../../../src/experiment/training/stepper.ts";
import { WeightAverage } from "../../../src/experiment/training/weight_average.ts";
import { getModel } from "../../../src/models/registry.ts";
import type { VAE } from "../../../src/models/vae.ts";
import { Rng } from "../../../src/rng.ts";
import { build } from "../../support/models.ts";
import { host } from "../../support/steps.ts";
import { small, unitWeights } from "../../support/variants.ts";

const ADAM = { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.01 };

export const smallModel = (name: string, params: object = {}): Promise<VAE> => {
  const model = getModel(name)!;
  return build(model, { ...small(model), ...params });
};

export interface StepperUse {
  /** Op by op where undefined. */
  readonly compiler?: StepCompiler | undefined;
  readonly precision?: "float32" | "bfloat16";
  readonly devices?: number;
  readonly said?: string[];
  /** Steps on several batches, with an average of the weights. */
  readonly groups?: boolean;
}

/** Training steps with a warm-up of the KL term and a clipped gradient. */
export function stepperOf(vae: VAE, name: string | undefined, use: StepperUse = {}): Stepper {
  const { compiler, precision = "float32", devices = 1, said = [], groups = false } = use;
  const optimizers = new Map(
    vae.phases.map((phase) => {
      const owned = [...vae.params].filter(([n, p]) => p.trainable && phase.owns(n));
      const values = new Map(owned.map(([n, p]) => [n, p.value]));
      return [phase.name, createOptimizer(ADAM as never, values, phase.name)];
    }),
  );
  const known = name === undefined ? { extra: 1 } : unitWeights(getModel(name)!, "pixel_mean");
  const warmUp = (step: number) => ({ ...known, ...("kl" in known && { kl: step / 100 }), capacity: 0.01 });
  return new Stepper(
    {
      vae,
      weights: warmUp,
      optimizers,
      ...(groups && { sums: new GradientSums(vae), average: new WeightAverage(vae, 0.3) }),
      rng: Rng.fromSeed(3).fold("step"),
      gradientClip: 0.5,
    },
    { compiler, precision, devices, inFlight: 2, say: (text) => said.push(text) },
  );
}

export const rateAt = (step: number): number => 1e-3 / (step + 1);

/** StepMetrics of `steps` steps from `from` on, each on another batch at another learning rate. */
export async function train(
  stepper: Stepper,
  steps: number,
  { from = 0, batch = host }: { from?: number; batch?: (step: number) => HostBatch | HostBatch[] } = {},
): Promise<StepMetrics[]> {
  const figures: StepMetrics[] = [];
  for (let step = from; step < from + steps; step++)
    figures.push(await stepper.run(batch(step), step, rateAt(step)));
  return figures;
}

/** All that a step reads and changes. */
export const stateOf = (stepper: Stepper): Float32Array[] =>
  stepper.variables.map((v) => v.dataSync().slice() as Float32Array);

/** The largest difference of a figure, as a share of it. */
export function worstOf(reference: readonly StepMetrics[], got: readonly StepMetrics[]): number {
  const flat = (f: StepMetrics) => [f.total, f.gradNorm, ...Object.values(f.terms)];
  return Math.max(
    ...reference.flatMap((f, step) => {
      const found = flat(got[step]!);
      return flat(f).map((v, i) => Math.abs(found[i]! - v) / Math.max(1e-2, Math.abs(v)));
    }),
  );
}
