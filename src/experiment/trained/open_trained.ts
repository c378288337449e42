import { type BackendInfo, useBackend } from "../../backends/use_backend.ts";
import { imageRangeOf } from "../../config/complete.ts";
import { loadConfig } from "../../config/load.ts";
import { layeredRegistries } from "../../config/registries.ts";
import type { Config } from "../../config/schema.ts";
import type { Dataset, Split } from "../../data/dataset.ts";
import { drawn, Loader } from "../../data/loader.ts";
import { openDataset } from "../../data/registry.ts";
import { cacheDir as userCache } from "../../files/cache_dir.ts";
import type { ModelDefinition } from "../../models/define.ts";
import { disposeModel } from "../../models/dispose_model.ts";
import type { VAE } from "../../models/vae.ts";
import { Rng } from "../../rng.ts";
import { readCheckpoint, restoreCheckpoint } from "../runs/checkpoint.ts";
import { configFile } from "../runs/config_history.ts";
import type { RunState } from "../runs/run_state.ts";
import { trainedOn } from "../timing/choose_backend.ts";
import { buildModel } from "../training/prepare.ts";
import { findCheckpoint } from "./find_checkpoint.ts";
import { localRun } from "./hub_run.ts";

export interface OpenOptions {
  /** As `--backend` takes it; `auto`: what the run was trained on. */
  readonly backend: string;
  /** Folder for packed data; default: the user's. */
  readonly cacheDir?: string;
  /**
   * Which of a run folder's checkpoints: `best` (the default where there is one), `last`, or a file. Left out
   * where `path` is a checkpoint.
   */
  readonly checkpoint?: string;
  /** Changes to the run's config, as `--set` takes them: other data, another batch size. */
  readonly set?: readonly string[];
  /** Called while data are packed. */
  progress?(what: string, done: number, total: number): void;
  /** Takes a sentence for the user; left out: to standard error. */
  say?(text: string): void;
}

/** A trained model and what it was trained with, for use after training. Nothing of the run is written to. */
export interface OpenRun {
  /** Folder of the run. */
  readonly runDir: string;
  /** File that the parameters are from. */
  readonly checkpoint: string;
  /** The seal of that file, by which one is told from others. */
  readonly checkpointSha256: string;
  readonly config: Config;
  /** Folder that relative file names in `config` start from. */
  readonly baseDir: string;
  /** Where training stood: `step`, `epoch`. */
  readonly state: RunState;
  readonly model: ModelDefinition;
  /** With the checkpoint's parameters. */
  readonly vae: VAE;
  /** [H, W, C] of the model's images. */
  readonly imageShape: readonly [number, number, number];
  /** Lowest and highest value of an image. */
  readonly imageRange: readonly [number, number];
  readonly backend: BackendInfo;
  /** The data set, opened at the first call: sampling needs none. @throws DataError, ConfigError */
  dataset(): Promise<Dataset>;
  /** Its images in the split's order, unshuffled and unflipped: all, or `limit` of them from all over the split. */
  loader(
    split: SplitName,
    options?: { readonly limit?: number; readonly batchSize?: number },
  ): Promise<Loader>;
  close(): Promise<void>;
}

export type SplitName = "train" | "val" | "test";

/**
 * Opens a run folder, a checkpoint inside of one, or a run on the Hugging Face hub (`hf:OWNER/NAME`), by the run's own
 * `config.yaml`.
 *
 * @throws ConfigError where there is no run or no such checkpoint, CheckpointError where the checkpoint doesn't
 * fit the config, EngineError where the backend is missing
 */
export async function openTrained(path: string, options: OpenOptions): Promise<OpenRun> {
  const { runDir, checkpoint } = findCheckpoint(await localRun(path), options.checkpoint);
  const { config, baseDir, ...definitions } = await loadConfig(configFile(runDir), {
    set: options.set ?? [],
    registries: await layeredRegistries(),
  });
  const prefer = trainedOn(runDir);
  const { say } = options;
  const backend = await useBackend(options.backend, { prefer, ...(say && { say }) });
  const seed = config.exp_params.manual_seed;
  const rng = Rng.fromSeed(seed);
  let opened: Promise<Dataset> | undefined;
  const dataset = () => {
    const args = {
      baseDir,
      cacheDir: options.cacheDir ?? userCache("data"),
      seed,
      ...(options.progress && { progress: options.progress }),
    };
    opened ??= openDataset(config.data_params, args, definitions.dataset);
    return opened;
  };
  const { model, vae, imageShape } = await buildModel({
    config,
    baseDir,
    rng,
    definitions,
    dataset,
    progress: options.progress,
  });
  const close = async () => {
    disposeModel(vae);
    await opened?.then(
      (data) => data.close(),
      () => {}, // it didn't open, which its caller was told
    );
  };
  try {
    const read = readCheckpoint(checkpoint);
    const state = restoreCheckpoint(read, model.name, vae);
    return {
      runDir,
      checkpoint,
      checkpointSha256: read.sha256,
      config,
      baseDir,
      state,
      model,
      vae,
      imageShape,
      imageRange: imageRangeOf(config),
      backend,
      dataset,
      async loader(split, { limit, batchSize = config.data_params.val_batch_size } = {}) {
        const whole = (await dataset()).splits[split];
        return new Loader(limit === undefined ? whole : someOf(whole, limit), {
          batchSize,
          imageShape,
          shuffle: false,
          dropLast: false,
          horizontalFlip: false,
          binarize: config.data_params.binarize === "off" ? "off" : "static",
          imageRange: config.data_params.image_range,
          prefetch: config.data_params.num_workers,
          rng,
        });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** `size` examples drawn from a whole split; all, where it has fewer. */
export function someOf(split: Split, size: number): Split {
  if (size >= split.size) return split;
  const places = drawn(size, split.size);
  return {
    size,
    ...(split.files && { files: Array.from(places, (place) => split.files![place]!) }),
    read: (indices) => split.read(Array.from(indices, (i) => places[i]!)),
  };
}
