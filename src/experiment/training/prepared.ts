import type { Dataset } from "../../data/dataset.ts";
import type { Loader } from "../../data/loader.ts";
import type { ModelDefinition } from "../../models/define.ts";
import type { VAE } from "../../models/vae.ts";
import type { Rng } from "../../rng.ts";
import type { GradientSums } from "./gradient_sums.ts";
import type { Weights } from "./loss_weights.ts";
import type { Optimizer } from "./optimizers.ts";
import type { WeightAverage } from "./weight_average.ts";

/** All that a config makes, before anything is trained or written. */
export interface Prepared {
  readonly model: ModelDefinition;
  readonly vae: VAE;
  readonly dataset: Dataset;
  readonly train: Loader;
  readonly val: Loader;
  /** By phase name. */
  readonly optimizers: ReadonlyMap<string, Optimizer>;
  /** Where the config's steps take several batches. */
  readonly sums?: GradientSums | undefined;
  /** Of the model's weights, where the config asks for one. */
  readonly average?: WeightAverage | undefined;
  readonly weights: Weights;
  /** Those of `val/objective`, by term. */
  readonly objective: Readonly<Record<string, number>>;
  readonly imageRange: readonly [number, number];
  /** The root of the run's randomness; each use folds in its purpose. */
  readonly rng: Rng;
  /** Frees the model and the optimizers, and closes the data. */
  close(): Promise<void>;
}
