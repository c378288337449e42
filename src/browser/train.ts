import { GpuError } from "../backends/webgpu/gpu_error.ts";
import type { ExpParams } from "../config/schema.ts";
import { labelRows } from "../data/label_rows.ts";
import { type HostBatch, Loader } from "../data/loader.ts";
import { memoryStore, range, splitOf } from "../data/store.ts";
import { withTensors } from "../experiment/training/batch.ts";
import type { StepMetrics } from "../experiment/training/loggers/step_metrics.ts";
import { lossWeights, type Weights, weightsAtEnd } from "../experiment/training/loss_weights.ts";
import { flatten, readMetrics } from "../experiment/training/metric_tensors.ts";
import { optimizersOf } from "../experiment/training/optimizers.ts";
import { learningRates } from "../experiment/training/schedules.ts";
import { pointOf, stepTensors } from "../experiment/training/step.ts";
import { inputsAt } from "../experiment/training/step_inputs.ts";
import { conventionOf, natWeightOf } from "../models/convention.ts";
import { disposeModel } from "../models/dispose_model.ts";
import type { VAE } from "../models/vae.ts";
import { nextTurn } from "../process/turn.ts";
import { Rng } from "../rng.ts";
import { type Backend, computeOn, describeBackend, fetchValues } from "./backend.ts";
import { type BackendOptions, medianTime, onChosen } from "./choose_backend.ts";
import { packTrained } from "./pack_trained.ts";
import { expParams, modelParams } from "./settings.ts";
import { checkImages, type TrainingImages } from "./training_images.ts";

export interface TrainOptions extends BackendOptions {
  /** As in a config: the variant's `name`, and what it shall have otherwise than its defaults. */
  readonly model_params: Readonly<Record<string, unknown> & { name: string }>;
  /** As in a config. */
  readonly exp_params?: Readonly<Record<string, unknown>>;
  readonly data: TrainingImages;
  /** 64 where left out. */
  readonly batchSize?: number;
  readonly steps: number;
  /** Ends training after the step under way. */
  readonly signal?: AbortSignal;
  /**
   * Is awaited after each step; steps done are `step`. The model is as that step left it. Where a GPU is lost, training begins
   * again on wasm, and so do the steps.
   */
  onStep?(step: number, metrics: StepMetrics, vae: VAE): void | Promise<void>;
}

/** A model that was trained here. */
export interface Trained {
  readonly vae: VAE;
  /** What computed it, and in words. */
  readonly backend: Backend;
  readonly device: string;
  readonly steps: number;
  /**
   * It as `vae publish` packs one, with the first of the images that it was trained on.
   *
   * @throws GpuError where it is on a GPU that was lost
   */
  pack(title: string): Promise<Uint8Array>;
  dispose(): void;
}

/**
 * Trains a variant on images in memory, in a browser: the steps of `vae run`, on wasm with its numbers where the images and
 * their order, batch size, seed and settings are the same.
 *
 * @throws ConfigError for settings that can't be, ShapeError for images that aren't as their shape says, or that the model doesn't
 * take, EngineError where the browser has not the backend that is asked for
 */
export async function train(options: TrainOptions): Promise<Trained> {
  const { data, batchSize = 64, say = () => {} } = options;
  checkImages(data);
  const plan = {
    ...options,
    exp: expParams(options.exp_params),
    ...modelParams(options.model_params),
    batchSize,
  };
  const race = {
    of: ["train", plan.model.name, plan.params, data.shape.slice(1), batchSize],
    what: "a step",
    time: (backend: Backend) => stepTime(plan, backend),
  };
  try {
    return await onChosen(options, race, (backend) => trainOn(plan, backend));
  } catch (error) {
    if (!(error instanceof GpuError)) throw error;
    say(`${error.message}. Training begins again, on wasm.`);
    return trainOn(plan, "wasm");
  }
}

interface Plan extends TrainOptions, ReturnType<typeof modelParams> {
  readonly exp: ExpParams;
  readonly batchSize: number;
}

async function trainOn(plan: Plan, backend: Backend): Promise<Trained> {
  const { model, params, exp, data, steps, signal, onStep } = plan;
  const device = await describeBackend(backend);
  const trainer = await computeOn(backend, () => trainerOf(plan));
  const { vae } = trainer;
  let step = 0;
  for (let epoch = 0; step < steps && !signal?.aborted; epoch++)
    for await (const host of trainer.batches(epoch)) {
      const metrics = await computeOn(backend, () => trainer.step(host, step, epoch));
      step++;
      await onStep?.(step, metrics, vae);
      await nextTurn();
      if (step >= steps || signal?.aborted) break;
    }
  trainer.disposeOptimizers();
  return {
    vae,
    backend,
    device,
    steps: step,
    pack: (title) =>
      computeOn(backend, () => packTrained({ vae, model, params, exp, data, steps: step, title })),
    dispose: () => disposeModel(vae),
  };
}

/** Milliseconds of a step, of a model that is thrown away. */
async function stepTime(plan: Plan, backend: Backend): Promise<number> {
  const trainer = await computeOn(backend, () => trainerOf(plan, weightsAtEnd));
  try {
    for await (const host of trainer.batches(0))
      return await medianTime(() => computeOn(backend, () => trainer.step(host, 0, 0)), 2, 3);
    throw new Error("there are no batches");
  } finally {
    trainer.disposeOptimizers();
    disposeModel(trainer.vae);
  }
}

/** A model that is untrained yet, and its steps, by weights that are `scheduled` otherwise where that is given. */
async function trainerOf(
  { model, params, exp, data, batchSize, steps }: Plan,
  scheduled: (weights: Weights) => Weights = (weights) => weights,
) {
  const [count, ...imageShape] = data.shape;
  const rng = Rng.fromSeed(exp.manual_seed);
  const columns = data.labelColumns ?? [];
  const split = splitOf(
    memoryStore(data.images, data.images.length / count),
    range(0, count),
    data.labels && { values: data.labels, width: columns.length },
  );
  const given = {
    convention: conventionOf(exp),
    natWeight: natWeightOf(exp),
    imageRange: [0, 1] as const,
    imageShape,
  };
  model.check?.(params as never, given);
  const vae = await model.build({
    ...given,
    params: params as never,
    labels: async () => columns,
    drawLabels: () => labelRows(split, columns.length),
    trainingImages: () => count,
    rng: rng.fold("weights"),
    baseDir: "",
  });
  const phases = vae.phases.map(({ name }) => name);
  const optimizers = optimizersOf(vae, { exp_params: exp });
  const weights = scheduled(lossWeights(model, params, exp, steps));
  const args = { vae, weights, optimizers, rng: rng.fold("step") };
  const loader = new Loader(split, {
    batchSize,
    imageShape,
    shuffle: true,
    dropLast: count >= batchSize,
    horizontalFlip: false,
    imageRange: "unit",
    prefetch: 1,
    rng,
  });
  return {
    vae,
    batches: (epoch: number) => loader.batches(epoch),
    async step(host: HostBatch, step: number, epoch: number): Promise<StepMetrics> {
      const lr = learningRates(exp, phases, { step, epoch, totalSteps: steps });
      const at = inputsAt(pointOf(args, step, lr));
      const metrics = withTensors(host, (batch) => stepTensors(args, batch, at));
      await fetchValues(flatten(metrics).tensors);
      return readMetrics(metrics);
    },
    disposeOptimizers() {
      for (const optimizer of optimizers.values()) optimizer.dispose();
    },
  };
}
