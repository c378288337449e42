import type { Embedding } from "./projector.ts";

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
