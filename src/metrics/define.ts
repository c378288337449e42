import type { FeatureNetworkSpec } from "../features/frozen_network.ts";
import type { NetworkKeys } from "../features/keys.ts";
import type { Rng } from "../rng.ts";
import type { Tensor4D } from "../tf.ts";
import type { LabelledMeans } from "./labelled_means.ts";
import type { Likelihood } from "./likelihood.ts";
import type { Classify, Rows, Warn } from "./linear_classifier.ts";
import type { LpipsFiles } from "./lpips_files.ts";

/** Which of two values is better: of `images` the one nearer to that of the images; `neither`: it is no merit. */
export type Better = "higher" | "lower" | "images" | "neither";

/** What a number says of a model. */
export interface Metric {
  /** Empty for a number that has none. */
  readonly unit: string;
  readonly better: Better;
  /** How it is computed. */
  readonly computed: string;
  /** Whether every validation has it (of a model with such a latent), and `vae runs` and `vae compare` a column for it. */
  readonly column?: boolean;
  /** Of one that is better near the images' (`images`): the number that is theirs. */
  readonly target?: string;
  /** Whether there is one a label of the data. */
  readonly perLabel?: boolean;
}

/** A number, or one a dimension of z. */
export type Value = number | readonly number[];
export type Values = Readonly<Record<string, Value>>;

/** What a user chooses of the networks that judge. */
export interface JudgeOptions {
  /** Network whose features the metrics of features compare. */
  readonly network: Exclude<FeatureNetworkSpec, string>;
  readonly lpips: LpipsFiles | undefined;
  /** Folder that relative file names in these options start from. */
  readonly baseDir: string;
  /** How one gives an option that is missing, where that isn't by the command line. */
  readonly remedies?: { readonly lpips: string };
  /** The keys by which they were chosen, for messages; left out: those of a model. */
  readonly keys?: { readonly network: NetworkKeys; readonly lpips: NetworkKeys };
}

/** What a metric of pictures knows before it sees one. */
export interface PictureSetup {
  /** [H, W, C]. */
  readonly imageShape: readonly [number, number, number];
  readonly options: JudgeOptions;
}

/** Sees the pictures and keeps what its numbers need; pictures are [B, H, W, C] in [0, 1]. */
export interface PictureObserver {
  /** Images, and what is reconstructed of them from the posterior's mean. */
  pairs(images: Tensor4D, recons: Tensor4D): void;
  /**
   * Samples, as many as there are images, after all pairs; left out: it wants none. `sampler`: what was fitted to draw
   * them; undefined: the prior.
   */
  samples?(pictures: Tensor4D, sampler?: string): void;
  /** By the names that stand in tables, when all was seen; those of samples not, where the model has no prior. */
  numbers(): Values;
  dispose?(): void;
}

/** What one draw of z for each image gives. */
export interface PosteriorNumbers {
  /** Values an image. */
  readonly imageDims: number;
  /** Posterior means, packed [n, dims]; of categorical variables their probabilities. */
  readonly means: Float32Array;
  readonly dims: number;
  /** Columns of each unit of z, as in `LabelledMeans`. */
  readonly widths: readonly number[];
  /** Mean squared error of images decoded from z ~ q(z | x), in [0, 1]. */
  readonly mse: number;
  /**
   * KL(q(z | x) || p(z)) in nats, the mean over images: that to N(0, I), of categorical variables to the uniform
   * distribution, or by the draws to the model's own prior. 0 where a posterior is a point, which has none.
   */
  readonly kl: number;
  /** KL(q(z | x) || N(0, I)) of each dimension in nats, of a categorical variable to the uniform; the mean over images. */
  readonly klPerDimension: Float64Array;
  /**
   * The likelihood that the loss stands for, and log p(x | z) under it in nats per image; why there is none; undefined
   * where it is the fitted one.
   */
  readonly trained: { readonly likelihood: Likelihood; readonly logDensity: number } | string | undefined;
  /** The importance-weighted bound under each likelihood, the mean over images in nats. */
  importanceBounds(likelihoods: readonly Likelihood[]): Promise<number[]>;
  /** Says why a number is left out. */
  leaveOut(number: string, why: string): void;
}

/** The posterior means of images whose labels are the factors that can be used. */
export interface FactorMeans {
  /** Of the images evaluated. */
  readonly test: LabelledMeans;
  /** Of training images. */
  train(): Promise<LabelledMeans>;
  readonly rng: Rng;
  readonly warn: Warn;
}

interface Common {
  /** As `--metrics` takes it. */
  readonly name: string;
  /** Other names that people know it by, for suggestions. */
  readonly knownAs?: readonly string[];
  /** Whether it is computed where none is named: left out, it is. */
  readonly byDefault?: false;
  /** Images that it wants at least, 2 for a variance over them; 1 where left out. */
  readonly minImages?: 2;
  /** What each of its numbers says. A word in capitals stands for any: `svm_LABEL`. */
  readonly numbers: Readonly<Record<string, Metric>>;
}

/** A metric of images, of what is reconstructed of them, and of samples. */
export interface PictureMetric extends Common {
  readonly kind: "pictures";
  /** The option by which its network is chosen, where it has one. */
  readonly judge?: "network" | "lpips";
  /** Why it can't be computed of such pictures; undefined where it can. */
  missing?(setup: PictureSetup): string | undefined;
  /** @throws ConfigError, DataError, ShapeError of the network that judges */
  open(setup: PictureSetup): PictureObserver | Promise<PictureObserver>;
}

/** A metric of posteriors that have a KL to the prior: Gaussian and categorical ones. */
export interface PosteriorMetric extends Common {
  readonly kind: "posterior";
  /** Whether it wants the means alone, which points have too. */
  readonly ofMeans?: true;
  compute(found: PosteriorNumbers): Values | Promise<Values>;
}

/** The accuracy of a classifier of each label that is trained on training images' posterior means, and their mean. */
export interface ClassifierMetric extends Common {
  readonly kind: "classifier";
  train(rows: Rows, labels: ArrayLike<number>, options: { readonly warn: Warn }): Classify;
}

/** A metric of images that were made from known factors. */
export interface FactorMetric extends Common {
  readonly kind: "factors";
  /** Whether it trains on training images. */
  readonly trains: boolean;
  /** Whether it wants images with the same value of a factor. */
  readonly pairs?: boolean;
  /** Factors, and dimensions of z, that it wants at least. */
  readonly factors: number;
  readonly dims: number;
  compute(means: FactorMeans): Values | Promise<Values>;
}

/** What `--metrics` names: one file, and one line in the registry. */
export type MetricDefinition = PictureMetric | PosteriorMetric | ClassifierMetric | FactorMetric;

/** What a number of samples is called: by the prior, or by a sampler that was fitted. */
export const samplesName = (sampler: string | undefined): string =>
  sampler === undefined ? "samples" : `samples_${sampler}`;

/** A share of something, the more the better. */
export const share = (computed: string): Metric => ({ unit: "0 to 1", better: "higher", computed });

/** A metric that is a classifier's accuracy. */
export const defineClassifier = (
  name: string,
  what: string,
  train: ClassifierMetric["train"],
  more: { readonly byDefault?: false } = {},
): ClassifierMetric => ({
  kind: "classifier",
  name,
  ...more,
  numbers: {
    [name]: share(`accuracy of ${what} on z, the mean over labels`),
    [`${name}_LABEL`]: { ...share(`accuracy of ${what} on z, of one label`), perLabel: true },
  },
  train,
});
