/** What a program that imports `tfjs-vae` gets: to read a config, to train it, to add variants and data sets. */
export { type BackendInfo, type BackendName, backendNames, useBackend } from "./backends/use_backend.ts";
export { type LoadedConfig, type LoadOptions, loadConfig } from "./config/load.ts";
export { projectRegistries, type Registries, type Registry } from "./config/registries.ts";
export type { Config, ExpParams, LoggingParams, TrainerParams } from "./config/schema.ts";
export type { DataCommon } from "./data/common.ts";
export type { Dataset, Examples, OpenArgs, Split } from "./data/dataset.ts";
export type { DatasetDefinition } from "./data/define.ts";
export { datasetNames, registerDataset } from "./data/registry.ts";
export * from "./errors.ts";
export { restoreCheckpoint } from "./experiment/runs/checkpoint.ts";
export { newestRun } from "./experiment/runs/find_runs.ts";
export {
  createRun,
  openRunFolder,
  /** @deprecated Older name of `openRunFolder`. */
  openRunFolder as openRun,
  type RunFolder,
} from "./experiment/runs/run_folder.ts";
export { type PrepareArgs, prepare } from "./experiment/training/prepare.ts";
export type { Prepared } from "./experiment/training/prepared.ts";
export { type TrainArgs, type TrainResult, train } from "./experiment/training/runner.ts";
export { cacheDir } from "./files/cache_dir.ts";
export type { BuildArgs, Convention, ModelDefinition, Paper, TermDoc } from "./models/define.ts";
export { modelNames, registerModel } from "./models/registry.ts";
export type { Batch, Ctx, Loss, Phase, Posterior, VAE } from "./models/vae.ts";
export type { Param } from "./nn/params.ts";
export { type PluginApi, pluginApi } from "./plugin_api.ts";
export { Rng } from "./rng.ts";
export type { Named, Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D } from "./tf.ts";
