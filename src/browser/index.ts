/** What a page gets of tfjs-vae: to open a model that `vae publish` packed, and to train one on images in memory. */
export { GpuError } from "../backends/webgpu/gpu_error.ts";
export * from "../errors.ts";
export type { Dimension } from "../explore/dimensions.ts";
export type { Images } from "../explore/images.ts";
export type { LatentLayout, Latents } from "../explore/latents.ts";
export { giveNetworkWeights } from "../features/find_weights.browser.ts";
export { modelNames } from "../models/registry.ts";
export type { ModelCard } from "../publish/packed_model.ts";
export { Rng } from "../rng.ts";
export { tf } from "../tf.ts";
export type { Backend } from "./backend.ts";
export type { BackendChoice, BackendOptions, Measured } from "./choose_backend.ts";
export { Model, type OpenOptions, type SampleOptions } from "./model.ts";
export { type Trained, type TrainOptions, train } from "./train.ts";
export type { TrainingImages } from "./training_images.ts";
