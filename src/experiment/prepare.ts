import type { Config } from "../config/schema.ts";
import type { Dataset } from "../data/dataset.ts";
import { expectedShape, openDataset } from "../data/index.ts";
import { Loader } from "../data/loader.ts";
import { ConfigError } from "../errors.ts";
import type { ModelDefinition } from "../models/define.ts";
import { getModel } from "../models/index.ts";
import type { VAE } from "../models/vae.ts";
import { Rng } from "../rng.ts";
import { checkMonitor } from "./monitor.ts";
import { createOptimizer, type Optimizer } from "./optimizers.ts";
import { optimizerParams } from "./schedules.ts";
import { conventionOf, lossWeights, natWeightOf, objectiveWeights, type Weights } from "./weights.ts";

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
  /** Those of `val/objective`, by term. */
  readonly objective: Readonly<Record<string, number>>;
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

/** Frees a model: what it holds and its parameters. */
export function disposeModel(vae: VAE): void {
  vae.dispose?.();
  for (const { value } of vae.params.values()) value.dispose();
}

/** The model of a config on the backend in use, with its initial parameters. @throws ConfigError, ShapeError */
export async function buildModel(args: {
  readonly config: Config;
  readonly baseDir: string;
  /** The run's root. */
  readonly rng: Rng;
  /** Opens the data; before the model is built only where nothing else tells the images' shape. */
  dataset(): Promise<Dataset>;
  progress?: PrepareArgs["progress"];
}): Promise<{ model: ModelDefinition; vae: VAE; imageShape: readonly [number, number, number] }> {
  const { exp_params: exp, data_params, model_params } = args.config;
  const { name, ...params } = model_params;
  const model = getModel(name);
  if (model === undefined) throw new ConfigError(`model_params.name: no model "${name}"`);
  const imageShape = expectedShape(data_params) ?? (await args.dataset()).imageShape;
  const vae = await model.build({
    params,
    imageShape,
    convention: conventionOf(exp),
    natWeight: natWeightOf(exp),
    async labels() {
      const { labelNames, labelValues } = await args.dataset();
      return labelNames.map((label, i) => ({
        name: label,
        ...(labelValues && { values: labelValues[i]! }),
      }));
    },
    imageRange: imageRangeOf(args.config),
    rng: args.rng.fold("weights"),
    baseDir: args.baseDir,
    ...(args.progress && { progress: args.progress }),
  });
  return { model, vae, imageShape };
}

/** Lowest and highest value of the images that the model sees. */
export function imageRangeOf({ data_params }: Config): readonly [number, number] {
  return data_params.image_range === "signed" ? [-1, 1] : [0, 1];
}

/** Opens the data and builds the model on the backend in use. @throws ConfigError, DataError, ShapeError */
export async function prepare({ config, baseDir, cacheDir, progress }: PrepareArgs): Promise<Prepared> {
  const { exp_params: exp, data_params: data } = config;
  const { name: _, ...params } = config.model_params;
  const rng = Rng.fromSeed(exp.manual_seed);
  let opened: Promise<Dataset> | undefined;
  const open = () => {
    opened ??= openDataset(data, {
      baseDir,
      cacheDir,
      seed: exp.manual_seed,
      ...(progress && { progress }),
    });
    return opened;
  };
  // The model before the data, which may take minutes to pack.
  const { model, vae, imageShape } = await buildModel({ config, baseDir, rng, dataset: open, progress });
  const dataset = await open();
  if (String(imageShape) !== String(dataset.imageShape))
    throw new Error(`data set ${data.name}: gave images of ${dataset.imageShape}, expected ${imageShape}`);
  const common = {
    imageShape: dataset.imageShape,
    imageRange: data.image_range,
    prefetch: data.num_workers,
    rng,
  };
  const prepared: Prepared = {
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
    objective: objectiveWeights(model, params, exp),
    imageRange: imageRangeOf(config),
    rng,
  };
  await checkMonitor(prepared, config);
  return prepared;
}

/** The optimizer of each phase, by its name. */
export function optimizersOf(vae: VAE, { exp_params }: Config): Map<string, Optimizer> {
  const names = vae.phases.map(({ name }) => name);
  return new Map(
    vae.phases.map((phase) => {
      const owned = [...vae.params].filter(([name, p]) => p.trainable && phase.owns(name));
      const exp = optimizerParams(exp_params, names, phase.name);
      const values = new Map(owned.map(([name, p]) => [name, p.value]));
      return [phase.name, createOptimizer(exp, values, phase.name)];
    }),
  );
}
