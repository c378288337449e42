import type { DrawLabels } from "../data/label_rows.ts";
import type { Param } from "../nn/params.ts";
import type { Rng } from "../rng.ts";
import type { Named, Scalar, Tensor, Tensor4D } from "../tf.ts";

export type Posterior =
  | { readonly kind: "gaussian"; readonly mean: Tensor; readonly logVar: Tensor } // [B, D] or [B, h, w, D]
  | {
      /** Of each dimension a gamma distribution, [B, D] each, and the prior's. */
      readonly kind: "gamma";
      readonly shape: Tensor;
      readonly rate: Tensor;
      readonly prior: { readonly shape: number; readonly rate: number };
    }
  | { readonly kind: "point"; readonly value: Tensor } // [B, D], of an encoder with nothing random in it
  | { readonly kind: "categorical"; readonly logits: Tensor } // [B, N, K]
  | { readonly kind: "codes"; readonly indices: Tensor }; // [B, h, w], int32

/** A column of a data set's labels. */
export interface Label {
  readonly name: string;
  /** How many values it takes, 0 to that less 1; absent for other numbers. */
  readonly values?: number;
  /** Their names, where they have some. */
  readonly valueNames?: readonly string[];
}

/** Labels that a model is conditioned on. */
export interface LabelNeeds {
  /** The columns of `Ctx.labels`: all of the data set's. */
  readonly all: readonly Label[];
  /** Those of them that it reads. */
  readonly used: readonly number[];
  /** The data set's, for samples. */
  readonly draw: DrawLabels;
}

export interface Batch {
  /** [B, H, W, C], in the config's image range ([0, 1] unless it says otherwise). */
  readonly images: Tensor4D;
  /** [B, L], float32. */
  readonly labels?: Tensor;
  /** What `VAE.precompute` gave of these images, where the run keeps it. */
  readonly precomputed?: Named<Tensor>;
}

/** All that a call may depend on besides its tensors and the parameters. */
export interface Ctx {
  readonly training: boolean;
  /** Optimizer steps done. A loss that reads it can't be compiled: `schedule` is for numbers that follow it. */
  readonly step: number;
  /** `value` of the optimizer steps done, as a tensor that a compiled step gets anew each time. */
  schedule(value: (step: number) => number): Scalar;
  /** Terms that weigh nothing in this training step, of which a loss may leave out those that cost; none otherwise. */
  readonly idle: ReadonlySet<string>;
  /** The only randomness: counter-based, folded with the step by the caller; fold in a purpose at each use. */
  readonly rng: Rng;
  readonly labels?: Tensor;
}

export interface Loss<Term extends string = string> {
  /** Unweighted, minimized, the mean over the batch. */
  readonly terms: Readonly<Partial<Record<Term, Scalar>>>;
  /** Next values of parameters that no optimizer owns, by parameter name. */
  readonly updates?: Named<Tensor>;
  /** Constants for later phases of this step. */
  readonly carry?: Named<Tensor>;
  /** Logged only. */
  readonly scalars?: Named<Scalar>;
}

/** One gradient update: one for most variants, two for FactorVAE, three for a VAE-GAN. */
export interface Phase<Term extends string = string> {
  /** Key of its optimizer in the config. */
  readonly name: string;
  owns(param: string): boolean;
  loss(batch: Batch, ctx: Ctx, carry: Named<Tensor>): Loss<Term>;
}

export interface FittedPrior {
  readonly values: Named<Tensor>;
  /** Metrics of the fit, logged as `val/NAME`. */
  readonly metrics?: Named<number>;
  /** @deprecated Older name of `metrics`, which plugins may still return. */
  readonly figures?: Named<number>;
}

export interface VAE<Term extends string = string> {
  /** By PyTorch-VAE's state_dict names ("encoder.0.0.weight"), in its order. */
  readonly params: ReadonlyMap<string, Param>;
  readonly phases: readonly Phase<Term>[];
  /** Labels that each call's `ctx.labels` must bring (`sample` chooses some where it has none); absent: none. */
  readonly labels?: LabelNeeds;
  /**
   * The posterior of each latent and a draw of it. Hierarchical latents come from the top down. The posterior of a lower one
   * is given the draws of those above, and it is in the coordinates in which its prior p(z_i | above) is N(0, I), u =
   * (z_i - mean) / deviation. So `klToUnitGaussian` is its KL, N(0, I) of all is the prior, and a change of an upper one
   * takes the lower ones along.
   */
  encode(images: Tensor4D, ctx: Ctx): { posterior: Named<Posterior>; z: Named<Tensor> };
  decode(z: Named<Tensor>, ctx: Ctx): Tensor4D;
  /** The images decoded from the posterior's mean (or mode): nothing random in it. */
  reconstruct(images: Tensor4D, ctx: Ctx): Tensor4D;
  /** log p(z) of latents in nats, [B], of z as `decode` takes them; left out: that of N(0, I), of categories uniform. */
  logPrior?(z: Named<Tensor>, ctx: Ctx): Tensor;
  /** Between which values the prior has 99.7 % of a latent's numbers, for traversals; left out: -3 and 3. */
  readonly latentRange?: readonly [number, number];
  /** `count` images decoded from the prior; absent where there is none. */
  sample?(count: number, ctx: Ctx): Tensor4D;
  /** Of a model whose one latent is a grid of codes: how many there are, and z of grids [B, h, w], int32, as `decode` takes it. */
  readonly codes?: { readonly values: number; lookUp(indices: Tensor): Named<Tensor> };
  /**
   * A prior that no loss trains, fitted to the posteriors of training images, batch by batch as `encode` gives them: the
   * next values of the parameters that are `fitted`, by name, and metrics of the fit, by name. A function of them
   * alone. The runner calls it at each validation, before its samples, so that checkpoints hold the last one.
   */
  fitPrior?(posteriors: readonly Named<Posterior>[]): FittedPrior;
  /**
   * What the loss needs of the images alone and never changes, [B, …] each: a frozen network's features. A run
   * may keep it between epochs and hand it in as `batch.precomputed`; a loss without it computes it.
   */
  precompute?(images: Tensor4D): Named<Tensor>;
  /** Frees all that the model holds outside `params` (a frozen network). */
  dispose?(): void;
}
