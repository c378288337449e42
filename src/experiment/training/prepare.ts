import { givenBy, imageRangeOf } from "../../config/complete.ts";
import { definitionError, pluginOf } from "../../config/plugin_faults.ts";
import type { Config } from "../../config/schema.ts";
import type { Dataset } from "../../data/dataset.ts";
import type { DatasetDefinition } from "../../data/define.ts";
import { labelRows } from "../../data/label_rows.ts";
import { Loader } from "../../data/loader.ts";
import { datasetNamed, openDataset } from "../../data/registry.ts";
import { ConfigError } from "../../errors.ts";
import type { ModelDefinition } from "../../models/define.ts";
import { disposeModel } from "../../models/dispose_model.ts";
import { getModel } from "../../models/registry.ts";
import type { VAE } from "../../models/vae.ts";
import { Rng } from "../../rng.ts";
import { totalStepsOf, trainedBatches } from "./batch_groups.ts";
import { checkRows } from "./devices.ts";
import { gradientSumsOf } from "./gradient_sums.ts";
import { lossWeights, objectiveWeights } from "./loss_weights.ts";
import { checkMonitor } from "./monitor.ts";
import { optimizersOf } from "./optimizers.ts";
import { checkedModel } from "./plugin_model.ts";
import type { Prepared } from "./prepared.ts";
import type { BatchPart } from "./traced_rng.ts";
import { averageOf } from "./weight_average.ts";

/** What the names in a config mean, as `loadConfig` gives it; left out: the project's definitions of these names. */
export interface Definitions {
  readonly model?: ModelDefinition;
  readonly dataset?: DatasetDefinition;
}

export interface PrepareArgs extends Definitions {
  readonly config: Config;
  readonly baseDir: string;
  readonly cacheDir: string;
  /** The processes that train together, each on its part of every batch. */
  readonly ranks?: BatchPart | undefined;
  progress?(what: string, done: number, total: number): void;
}

/** The model of a config on the backend in use, with its initial parameters. @throws ConfigError, ShapeError */
export async function buildModel(args: {
  readonly config: Config;
  readonly baseDir: string;
  /** The run's root. */
  readonly rng: Rng;
  readonly definitions?: Definitions;
  /** Opens the data; before the model is built only where nothing else tells the images' shape. */
  dataset(): Promise<Dataset>;
  /** The data once they are open. */
  opened?(): Dataset | undefined;
  progress?: PrepareArgs["progress"];
}): Promise<{ model: ModelDefinition; vae: VAE; imageShape: readonly [number, number, number] }> {
  const { name, ...params } = args.config.model_params;
  const model = args.definitions?.model ?? getModel(name);
  if (model === undefined) throw new ConfigError(`model_params.name: no model "${name}"`);
  const data = args.definitions?.dataset ?? datasetNamed(args.config.data_params.name);
  const given = givenBy(args.config, data);
  const imageShape = given.imageShape ?? (await args.dataset()).imageShape;
  const built = await model.build({
    ...given,
    params,
    imageShape,
    async labels() {
      const { labelNames, labelValues, valueNames } = await args.dataset();
      return labelNames.map((label, i) => ({
        name: label,
        ...(labelValues && { values: labelValues[i]! }),
        ...(valueNames?.[i] && { valueNames: valueNames[i] }),
      }));
    },
    async drawLabels() {
      const { splits, labelNames } = await args.dataset();
      return labelRows(splits.train, labelNames.length, args.config.data_params.train_limit);
    },
    trainingImages() {
      const data = args.opened?.();
      if (data === undefined) throw new Error("the number of training images is not known: no data are open");
      return Math.min(data.splits.train.size, args.config.data_params.train_limit ?? Infinity);
    },
    rng: args.rng.fold("weights"),
    baseDir: args.baseDir,
    ...(args.progress && { progress: args.progress }),
  });
  const terms = () => model.terms(params, given.convention);
  const vae = pluginOf(model) === undefined ? built : checkedModel(model, built, terms(), imageShape);
  return { model, vae, imageShape };
}

/** Opens the data and builds the model on the backend in use. @throws ConfigError, DataError, ShapeError */
export async function prepare({
  config,
  baseDir,
  cacheDir,
  progress,
  ranks,
  ...definitions
}: PrepareArgs): Promise<Prepared> {
  const { exp_params: exp, data_params: data } = config;
  const { name: _, ...params } = config.model_params;
  const rng = Rng.fromSeed(exp.manual_seed);
  let opened: Promise<Dataset> | undefined;
  const open = () => {
    const args = { baseDir, cacheDir, seed: exp.manual_seed, ...(progress && { progress }) };
    opened ??= openDataset(data, args, definitions.dataset);
    return opened;
  };
  // The model before the data, which may take minutes to pack.
  let whole: Dataset | undefined;
  const built = await buildModel({
    config,
    baseDir,
    rng,
    definitions,
    dataset: open,
    opened: () => whole,
    progress,
  });
  const { model, vae } = built;
  const dataset = await open();
  whole = dataset;
  checkAcross(model, dataset.splits.train.size, config, ranks);
  checkImageShape(dataset, built.imageShape, definitions.dataset ?? datasetNamed(data.name));
  const optimizers = optimizersOf(vae, config);
  const average = averageOf(vae, config);
  const sums = gradientSumsOf(vae, config);
  const loaders = loadersOf(dataset, config, rng, ranks);
  const steps = totalStepsOf(config, trainedBatches(config, loaders.train.batchesPerEpoch));
  const prepared: Prepared = {
    model,
    vae,
    dataset,
    ...loaders,
    optimizers,
    average,
    sums,
    weights: lossWeights(model, params, exp, steps),
    objective: objectiveWeights(model, params, exp),
    imageRange: imageRangeOf(config),
    rng,
    async close() {
      disposeModel(vae);
      for (const optimizer of optimizers.values()) optimizer.dispose();
      average?.dispose();
      sums?.dispose();
      await dataset.close();
    },
  };
  try {
    await checkMonitor(prepared, config);
  } catch (error) {
    await prepared.close();
    throw error;
  }
  return prepared;
}

/** @throws ConfigError where a step on several ranks would not be what it is on one */
function checkAcross(
  model: ModelDefinition,
  images: number,
  { data_params: data }: Config,
  ranks: BatchPart | undefined,
): void {
  if (ranks === undefined) return;
  const all = Math.min(images, data.train_limit ?? Infinity);
  if (all < data.train_batch_size) checkRows(all, ranks.size, "data_params: the images to train on");
  if (pluginOf(model) === undefined || model.acrossRanks === true) return;
  throw new ConfigError(
    `model_params.name: expected a variant whose definition says acrossRanks: true, since ${ranks.size} processes train together, got ` +
      `"${model.name}". Its loss has to be a mean over images, or ask for those of other processes (docs/adding-a-variant.md); else train it in one.`,
  );
}

/** @throws ConfigError where a definition told another shape of its images than they have */
function checkImageShape({ imageShape }: Dataset, told: readonly number[], of: DatasetDefinition): void {
  if (String(told) === String(imageShape)) return;
  const fact = `imageShape: expected [${told}], as it said before it was opened, got [${imageShape}].`;
  throw definitionError(of, fact, "imageShape");
}

/** The batches of a run: those that it trains on, and those of validation as they are. */
function loadersOf(
  { splits, imageShape }: Dataset,
  { data_params: data }: Config,
  rng: Rng,
  part: BatchPart | undefined,
): Pick<Prepared, "train" | "val"> {
  const common = { imageShape, imageRange: data.image_range, prefetch: data.num_workers, rng };
  const fixed = data.binarize === "off" ? "off" : "static";
  return {
    train: new Loader(splits.train, {
      ...common,
      batchSize: data.train_batch_size,
      shuffle: data.shuffle,
      dropLast: splits.train.size >= data.train_batch_size,
      horizontalFlip: data.horizontal_flip,
      binarize: data.binarize,
      limit: data.train_limit,
      part,
    }),
    val: new Loader(splits.val, {
      ...common,
      batchSize: data.val_batch_size,
      shuffle: false,
      dropLast: false,
      horizontalFlip: false,
      binarize: fixed,
      limit: data.val_limit,
    }),
  };
}
