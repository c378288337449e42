/** What a program trains and uses models by; docs/api.md lists it. */
export type { Evaluation } from "../experiment/evaluation/evaluate_run.ts";
export type {
  Callback,
  CheckpointEvent,
  RunEvent,
  StepEvent,
  ValidationEvent,
} from "../experiment/training/callbacks.ts";
export type { Codes } from "./decode.ts";
export { type ConfigInput, type DataName, defineConfig, type ModelName } from "./define_config.ts";
export { EarlyStopping, type EarlyStoppingOptions } from "./early_stopping.ts";
export type { ImageInput, ImagesInput, RawPixels } from "./image_input.ts";
export { Images, type PngOptions } from "./images.ts";
export { type OpenRunOptions, openRun } from "./open_run.ts";
export * from "./params_by_name.ts"; // by a star: what programs add to these interfaces then merges with them
export { Run } from "./run.ts";
export type {
  CallOptions,
  Encoded,
  EvaluateOptions,
  InterpolateOptions,
  JudgeNetwork,
  SampleOptions,
  TraverseOptions,
} from "./run_options.ts";
export { resumeRun, type TrainOptions, type TrainResult, train } from "./train.ts";
export { Traversal } from "./traversal.ts";
