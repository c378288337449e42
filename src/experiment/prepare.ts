import type { Config } from "../config/schema.ts";
import type { Dataset } from "../data/dataset.ts";
import { expectedShape, openDataset } from "../data/index.ts";
import { Loader } from "../data/loader.ts";
import { ConfigError } from "../errors.ts";
import type { ModelDefinition } from "../models/define.ts";
import { getModel } from "../models/index.ts";
import type { VAE } from "../models/vae.ts";
import { Rng } from "../rng.ts";
import { createOptimizer, type Optimizer } from "./optimizers.ts";
import { conventionOf, lossWeights, type Weights } from "./weights.ts";

/** All that a config makes, before anything is trained or written. */
export interface Prepared {
  readonly model: ModelDefinition;
  readonly vae: VAE;
  readonly dataset: Dataset;
  readonly train: Loader;
  readonly val: Loader;
  /** By phase name. */
  readonly optimizers: ReadonlyMap<string, Optimizer>;
  readonly weights: Weights;
  readonly imageRange: readonly [number, number];
  /** The root of the run's randomness; each use folds in its purpose. */
  readonly rng: Rng;
}

export interface PrepareArgs {
  readonly config: Config;
  readonly baseDir: string;
  readonly cacheDir: string;
  progress?(what: string, done: number, total: number): void;
}

/** Opens the data and builds the model on the backend in use. @throws ConfigError, DataError, ShapeError */
export async function prepare({ config, baseDir, cacheDir, progress }: PrepareArgs): Promise<Prepared> {
  const { exp_params: exp, data_params: data, model_params } = config;
  const { name, ...params } = model_params;
  const model = getModel(name);
  if (model === undefined) throw new ConfigError(`model_params.name: no model "${name}"`);
  const rng = Rng.fromSeed(exp.manual_seed);
  const imageRange = data.image_range === "signed" ? ([-1, 1] as const) : ([0, 1] as const);
  const build = async (imageShape: readonly [number, number, number]) =>
    model.build({
      params,
      imageShape,
      convention: conventionOf(exp),
      imageRange,
      rng: rng.fold("weights"),
      baseDir,
    });
  const expected = expectedShape(data);
  const early = expected && (await build(expected)); // before the data, which may take minutes to pack
  const dataset = await openDataset(data, {
    baseDir,
    cacheDir,
    seed: exp.manual_seed,
    ...(progress && { progress }),
  });
  if (expected !== undefined && String(expected) !== String(dataset.imageShape))
    throw new Error(`data set ${data.name}: gave images of ${dataset.imageShape}, expected ${expected}`);
  const vae = early ?? (await build(dataset.imageShape));
  const common = {
    imageShape: dataset.imageShape,
    imageRange: data.image_range,
    prefetch: data.num_workers,
    rng,
  };
  return {
    model,
    vae,
    dataset,
    train: new Loader(dataset.splits.train, {
      ...common,
      batchSize: data.train_batch_size,
      shuffle: true,
      dropLast: dataset.splits.train.size >= data.train_batch_size,
      horizontalFlip: data.horizontal_flip,
      limit: data.train_limit,
    }),
    val: new Loader(dataset.splits.val, {
      ...common,
      batchSize: data.val_batch_size,
      shuffle: false,
      dropLast: false,
      horizontalFlip: false,
      limit: data.val_limit,
    }),
    optimizers: optimizersOf(vae, config),
    weights: lossWeights(model, params, exp),
    imageRange,
    rng,
  };
}

function optimizersOf(vae: VAE, { exp_params }: Config): Map<string, Optimizer> {
  return new Map(
    vae.phases.map((phase) => {
      const owned = [...vae.params].filter(([name, p]) => p.trainable && phase.owns(name));
      return [phase.name, createOptimizer(exp_params, new Map(owned.map(([name, p]) => [name, p.value])))];
    }),
  );
}
