import { labelRows } from "../data/label_rows.ts";
import { Loader } from "../data/loader.ts";
import { memoryStore, range, splitOf } from "../data/store.ts";
import { withTensors } from "../experiment/training/batch.ts";
import type { StepMetrics } from "../experiment/training/loggers/step_metrics.ts";
import { lossWeights } from "../experiment/training/loss_weights.ts";
import { optimizersOf } from "../experiment/training/optimizers.ts";
import { learningRates } from "../experiment/training/schedules.ts";
import { trainStep } from "../experiment/training/step.ts";
import { conventionOf, natWeightOf } from "../models/convention.ts";
import { disposeModel } from "../models/dispose_model.ts";
import type { VAE } from "../models/vae.ts";
import { nextTurn } from "../process/turn.ts";
import { Rng } from "../rng.ts";
import { useWasm } from "./backend.ts";
import { packTrained } from "./pack_trained.ts";
import { expParams, modelParams } from "./settings.ts";
import { checkImages, type TrainingImages } from "./training_images.ts";

export interface TrainOptions {
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
  /** Is awaited after each step; steps done are `step`. The model is as that step left it. */
  onStep?(step: number, metrics: StepMetrics, vae: VAE): void | Promise<void>;
}

/** A model that was trained here. */
export interface Trained {
  readonly vae: VAE;
  readonly steps: number;
  /** It as `vae publish` packs one, with the first of the images that it was trained on. */
  pack(title: string): Promise<Uint8Array>;
  dispose(): void;
}

/**
 * Trains a variant on images in memory, in a browser: the steps of `vae run` on the wasm backend, with its numbers where
 * the images and their order, batch size, seed and settings are the same.
 *
 * @throws ConfigError for settings that can't be, ShapeError for images that aren't as their shape says, or that the model doesn't take
 */
export async function train(options: TrainOptions): Promise<Trained> {
  const { data, batchSize = 64, steps, signal, onStep } = options;
  checkImages(data);
  await useWasm();
  const exp = expParams(options.exp_params);
  const { model, params } = modelParams(options.model_params);
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
  const args = { vae, weights: lossWeights(model, params, exp), optimizers, rng: rng.fold("step") };
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
  let step = 0;
  for (let epoch = 0; step < steps && !signal?.aborted; epoch++)
    for await (const host of loader.batches(epoch)) {
      const lr = learningRates(exp, phases, { step, epoch, totalSteps: steps });
      const metrics = withTensors(host, (batch) => trainStep(args, batch, step, lr));
      step++;
      await onStep?.(step, metrics, vae);
      await nextTurn();
      if (step >= steps || signal?.aborted) break;
    }
  for (const optimizer of optimizers.values()) optimizer.dispose();
  return {
    vae,
    steps: step,
    pack: (title) => packTrained({ vae, model, params, exp, data, steps: step, title }),
    dispose: () => disposeModel(vae),
  };
}
