import type { RunState } from "../../runs/run_state.ts";
import type { Embedding } from "./projector.ts";

/** Metrics by tag, such as `train/kl` or `val/elbo`. */
export type Metrics = Readonly<Record<string, number>>;

/** Numbers by tag, such as `gradients/encoder.0.0.weight`. */
export type Arrays = Readonly<Record<string, Float32Array>>;

/** Tag of a picture; of the grids it is also the name of their folder. */
export type PictureTag = "Samples" | "Reconstructions" | "Traversals" | "KL_per_dimension";

/** What validation shows of the latents. */
export interface LatentReport {
  /** For the projector. */
  readonly embedding: Embedding;
  /** Means, draws, and where there are some standard deviations and each dimension's KL. */
  readonly histograms: Readonly<Record<string, Float32Array>>;
  /** A bar a dimension, the highest KL first; where a posterior has some. */
  readonly kl?: Buffer;
  /** The most active dimensions from -3 to 3, of a categorical variable all values, from the first image; not of codes. */
  readonly traversals?: Buffer;
}

/** One place where a run leaves its metrics. A further one is a file with such a class and a line in `RunLog`. */
export interface Logger {
  /** Metrics at `state.step` optimizer steps. */
  metrics(state: Readonly<RunState>, values: Metrics): void;
  /** A PNG. */
  picture?(tag: PictureTag, state: Readonly<RunState>, png: Buffer): void;
  /** The distribution of each array's numbers. */
  histograms?(state: Readonly<RunState>, values: Arrays): void;
  /** The run has reached its end with these metrics. */
  finish?(metrics: Metrics): void;
  /** Puts all on the disk, where a power failure leaves it: a checkpoint that follows then lacks no row before it. */
  flush?(): void;
  /** The run's folder was deleted and is there again, empty. */
  renew?(): void;
  close?(): void;
  /** Closes without writing: another process has gone on with the run. */
  abandon?(): void;
}
