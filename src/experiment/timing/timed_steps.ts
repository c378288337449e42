import type { BackendInfo } from "../../backends/use_backend.ts";
import { imageRangeOf } from "../../config/complete.ts";
import type { Config } from "../../config/schema.ts";
import type { Dataset } from "../../data/dataset.ts";
import { type HostBatch, Loader } from "../../data/loader.ts";
import { openDataset } from "../../data/registry.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import { Rng } from "../../rng.ts";
import { lossWeights, weightsAtEnd } from "../training/loss_weights.ts";
import { optimizersOf } from "../training/optimizers.ts";
import { createPrecomputeCache } from "../training/precompute_cache.ts";
import { buildModel } from "../training/prepare.ts";
import { learningRates } from "../training/schedules.ts";
import { createStepper } from "../training/stepper.ts";

/** Steps before those that count: TensorFlow compiles in the first, V8 makes wasm faster while it runs. */
const WARMUP = 2;
/** Seconds after which steps are long enough that one warms up. */
const LONG = 1.5;

/**
 * A config's training step on the backend in use, warmed up, to be timed. Its images are random, so that no data need
 * be there; a model that asks for the data set's labels gets a batch of it.
 */
export async function timedSteps(args: {
  readonly config: Config;
  readonly baseDir: string;
  readonly backend: BackendInfo;
}): Promise<() => Promise<number>> {
  const config = withoutDisk(args.config);
  const { exp_params: exp, data_params: data } = config;
  const rng = Rng.fromSeed(exp.manual_seed);
  let opened: Promise<Dataset> | undefined;
  const dataset = () => {
    opened ??= openDataset(data, {
      baseDir: args.baseDir,
      cacheDir: cacheDir("data"),
      seed: exp.manual_seed,
    });
    return opened;
  };
  const { model, vae, imageShape } = await buildModel({ config, baseDir: args.baseDir, rng, dataset });
  const { name: _, ...params } = config.model_params;
  const prepared = {
    vae,
    optimizers: optimizersOf(vae, config),
    weights: weightsAtEnd(lossWeights(model, params, exp, 0)),
    rng,
  };
  const stepper = createStepper({ config, prepared, backend: args.backend, say: () => {} });
  const batch =
    opened === undefined ? randomBatch(config, imageShape) : await firstBatch(config, await opened);
  const cache = createPrecomputeCache(config, { vae, images: Math.max(...batch.indices) + 1 }, () => {});
  await cache.complete(batch);
  const lr = learningRates(exp, stepper.phases, { step: 0, epoch: 0, totalSteps: 100 });
  let step = 0;
  const once = async () => {
    const began = performance.now();
    await stepper.run(await cache.complete(batch), step++, lr);
    return (performance.now() - began) / 1000;
  };
  for (let i = 0, spent = 0; i < WARMUP && spent < LONG; i++) spent += await once();
  return once;
}

/** With features kept in memory where they would be on disk: of random images they are of no use. */
function withoutDisk(config: Config): Config {
  if (config.data_params.feature_cache !== "disk") return config;
  return { ...config, data_params: { ...config.data_params, feature_cache: "memory" } };
}

function randomBatch(config: Config, [h, w, c]: readonly [number, number, number]): HostBatch {
  const size = config.data_params.train_batch_size;
  const [low, high] = imageRangeOf(config);
  const images = Rng.fromSeed(1)
    .uniformArray(size * h * w * c)
    .map((v) => low + (high - low) * v);
  return { images, shape: [size, h, w, c], indices: Int32Array.from({ length: size }, (_, i) => i) };
}

async function firstBatch({ data_params: data }: Config, dataset: Dataset): Promise<HostBatch> {
  const loader = new Loader(dataset.splits.train, {
    imageShape: dataset.imageShape,
    imageRange: data.image_range,
    prefetch: 0,
    rng: Rng.fromSeed(1),
    batchSize: data.train_batch_size,
    shuffle: false,
    dropLast: false,
    horizontalFlip: false,
  });
  for await (const batch of loader.batches(0)) return batch;
  throw new Error("the data set has no training images");
}
