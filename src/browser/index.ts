/** What a page gets of tfjs-vae: to open a model that `vae publish` packed, and to train one on images in memory. */
export * from "../errors.ts";
export type { Dimension } from "../explore/dimensions.ts";
export type { Images } from "../explore/images.ts";
export type { LatentLayout, Latents } from "../explore/latents.ts";
export { giveNetworkWeights } from "../features/find_weights.browser.ts";
export { modelNames } from "../models/registry.ts";
export type { ModelCard } from "../publish/packed_model.ts";
export { Rng } from "../rng.ts";
export { tf } from "../tf.ts";
export { useWasm } from "./backend.ts";
export { Model, type SampleOptions } from "./model.ts";
export { type Trained, type TrainOptions, train } from "./train.ts";
export type { TrainingImages } from "./training_images.ts";
