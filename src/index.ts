/// <reference types="node" preserve="true" />
/**
 * What a program that imports `tfjs-vae` gets: to train and to use models (`api/`, docs/api.md), the steps of which `train` is
 * made, and what variants and data sets are written with.
 */
export * from "./api/index.ts";
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
  type RunFolder,
} from "./experiment/runs/run_folder.ts";
export { type PrepareArgs, prepare } from "./experiment/training/prepare.ts";
export type { Prepared } from "./experiment/training/prepared.ts";
export {
  type TrainArgs as TrainPreparedArgs,
  type TrainResult as TrainPreparedResult,
  train as trainPrepared,
} from "./experiment/training/runner.ts";
export { cacheDir } from "./files/cache_dir.ts";
export type { BuildArgs, Convention, ModelDefinition, Paper, TermDoc } from "./models/define.ts";
export { modelNames, registerModel } from "./models/registry.ts";
export type { Batch, Ctx, Loss, Phase, Posterior, VAE } from "./models/vae.ts";
export type { Param } from "./nn/params.ts";
export { type PluginApi, pluginApi } from "./plugin_api.ts";
export { Rng } from "./rng.ts";
export {
  type Named,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type Tensor4D,
  tf,
} from "./tf.ts";
