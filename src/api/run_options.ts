import type { SplitName } from "../experiment/trained/open_trained.ts";
import type { LpipsFiles } from "../metrics/lpips_files.ts";

/** What each call on a run may be given. */
export interface CallOptions {
  /** Seed of the call's noise: the same gives the same images. Default: the run's own. */
  readonly seed?: number | undefined;
  /** Values of labels by name, for a model that is conditioned on them: `{ shape: 2 }`, `{ class: "cat" }`. */
  readonly labels?: Readonly<Record<string, string | number>> | undefined;
}

/** How samples are drawn. */
export interface SampleOptions extends CallOptions {
  /** Factor on the noise: below 1 less varied. Default: 1. */
  readonly temperature?: number | undefined;
  /** What draws z: `prior` (the default), or a density that `vae fit-sampler` has fitted, such as `gmm`. */
  readonly sampler?: string | undefined;
}

/** How the way between two images is decoded. */
export interface InterpolateOptions extends CallOptions {
  /** Images decoded, the two ends' among them. Default: 8. */
  readonly steps?: number | undefined;
  /** Along a great circle (the default), or straight. */
  readonly path?: "spherical" | "linear" | undefined;
}

/** How dimensions of z are changed. */
export interface TraverseOptions extends CallOptions {
  /** Rows: so many of the most active dimensions. Default: 10. */
  readonly dimensions?: number | undefined;
  /** First and last value of a row. Default: -3 and 3, or the range of the model's prior. */
  readonly values?: readonly [number, number] | undefined;
  /** Values of a row. Default: 7. */
  readonly steps?: number | undefined;
  /** Validation images that the dimensions' KL is measured on. Default: 256. */
  readonly images?: number | undefined;
}

/** A network that judges, and its file of weights. */
export interface JudgeNetwork {
  readonly name: string;
  readonly weights?: string;
}

/** What `vae evaluate` takes. */
export interface EvaluateOptions {
  /** Names, such as `elbo`, `ssim`, `frechet`. Default: all that the data and the model allow. */
  readonly metrics?: readonly string[] | undefined;
  /** Images to evaluate on. Default: test, where there are any, else val. */
  readonly split?: SplitName | undefined;
  /** Images at most, from all over the split. Default: 1000. */
  readonly maxImages?: number | undefined;
  /** Draws of z for `log_likelihood`. Default: 16. */
  readonly draws?: number | undefined;
  /** Seed of all draws. Default: 0. */
  readonly seed?: number | undefined;
  /**
   * Network of the Fréchet and the perceptual distance, and its file of weights; a list: of each the distances by it.
   * Default: `{ name: "tiny_vgg" }`.
   */
  readonly network?: JudgeNetwork | readonly JudgeNetwork[] | undefined;
  /** Files of LPIPS, for the metric of that name. */
  readonly lpips?: Omit<LpipsFiles, "baseDir"> | undefined;
}

/** The latents of N images. */
export interface Encoded {
  /** N. */
  readonly count: number;
  /** Dimensions of z, D: all latents of the model side by side. */
  readonly size: number;
  /** The posterior's mean, packed [N, D]; of a categorical latent its probabilities, of codes their vectors. */
  readonly mean: Float32Array;
  /** log of the variance of Gaussian posteriors, [N, D]; absent where none is. */
  readonly logVariance?: Float32Array | undefined;
  /** Standard deviation of posteriors with a density, [N, D]; absent where none has one. */
  readonly standardDeviation?: Float32Array | undefined;
  /** KL to the prior in nats, [N, D]; absent likewise. */
  readonly kl?: Float32Array | undefined;
  /** A draw for each image, [N, D]. */
  readonly z: Float32Array;
  /** Numbers of codes, of a model whose z is a grid of them. */
  readonly codes?: { readonly shape: readonly number[]; readonly data: Int32Array } | undefined;
}
