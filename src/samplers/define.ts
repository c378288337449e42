import type { Static, TObject } from "typebox";
import type { VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import type { Tensor, Tensor2D } from "../tf.ts";
import type { LatentCodes } from "./codes.ts";

/** Numbers as a file holds them, in C order. */
export interface StateTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** All that a fitted sampler consists of, by name. */
export type State = ReadonlyMap<string, StateTensor>;

/** What came of a fit. */
export interface Fit {
  readonly state: State;
  /** Numbers that tell how it went, by name: those of this sampler alone. */
  readonly numbers?: Readonly<Record<string, number>>;
  /** What a user should know besides: a sentence each. */
  readonly notes?: readonly string[];
}

/** A density of z that can be drawn from. */
export interface LatentDensity {
  /** Draws, [count, D]. All randomness is normal and uniform numbers of `rng`. */
  sample(count: number, rng: Rng): Tensor2D;
  /** log p(z) of each row of `z`, packed [n, D], in nats; of a model that has only a bound on it, that bound by `rng`. */
  logProb(z: Float32Array, rng: Rng): Float64Array;
  dispose(): void;
}

/** What a fit may use besides codes and options. */
export interface FitArgs {
  readonly rng: Rng;
  /** Called while it is under way: rounds done, rounds at most. */
  progress?(done: number, total: number): void;
}

interface Common {
  /** As `--sampler` takes it. */
  readonly name: string;
  /** Other names that people know it by, for suggestions. */
  readonly knownAs?: readonly string[];
  /** What it is, a phrase. */
  readonly summary: string;
}

/** A density that is fitted to z of training images, of a model whose z are no grid of codes. */
export interface LatentSampler<P extends TObject = TObject> extends Common {
  readonly kind: "density";
  /** Its options, numbers all; the names are those of the command line, with `_` for `-`. */
  readonly options: P;
  /** Dimensions of z that it can have at most; left out: any number. */
  readonly maxDims?: number;
  /**
   * @param codes what it is fitted to
   * @param heldOut z of other images, packed [n, D], by which it may choose when to stop
   * @throws UserError where there are too few codes for the options
   */
  fit(codes: LatentCodes, heldOut: Float32Array, options: Static<P>, args: FitArgs): Fit | Promise<Fit>;
  /** What was fitted, for z of `dims` dimensions. */
  open(state: State, dims: number, options: Static<P>): LatentDensity;
}

/** Grids of codes, one an image, of a model whose z are such (`VAE.codes`). */
export interface CodeGrids {
  readonly count: number;
  /** Rows and columns, h and w. */
  readonly shape: readonly [number, number];
  /** Codes that there are, K. */
  readonly values: number;
  /** Numbers from 0 to K - 1, packed [count, h, w]. */
  readonly data: Int32Array;
}

/** A probability of grids of codes that can be drawn from. */
export interface GridDensity {
  /** Draws, [count, h, w], int32. All randomness is uniform numbers of `rng`. */
  sample(count: number, rng: Rng): Tensor;
  /** log p of each grid, packed [n, h, w], in nats. */
  logProb(grids: Int32Array): Float64Array;
  dispose(): void;
}

/** A probability that is fitted to the grids of codes of training images. */
export interface GridSampler<P extends TObject = TObject> extends Common {
  readonly kind: "grid";
  /** As `LatentSampler.options`. */
  readonly options: P;
  /** @param heldOut grids of other images, packed [n, h, w], by which it may choose when to stop */
  fit(grids: CodeGrids, heldOut: Int32Array, options: Static<P>, args: FitArgs): Fit | Promise<Fit>;
  /** What was fitted, to grids of that shape and number of codes. */
  open(state: State, of: Pick<CodeGrids, "shape" | "values">, options: Static<P>): GridDensity;
}

/** The model's own prior. */
export interface OwnPrior extends Common {
  /** `own`: as the checkpoint has it; `refit`: one that `VAE.fitPrior` fits, fitted to more training images. */
  readonly kind: "own" | "refit";
}

/** What `--sampler` names: one file, and one line in the registry. */
export type SamplerDefinition = LatentSampler | GridSampler | OwnPrior;

export const defineDensity = <P extends TObject>(
  definition: Omit<LatentSampler<P>, "kind">,
): LatentSampler<P> => ({ kind: "density", ...definition });

export const defineGridSampler = <P extends TObject>(
  definition: Omit<GridSampler<P>, "kind">,
): GridSampler<P> => ({ kind: "grid", ...definition });

/** Decodes what a sampler draws, as `VAE.sample` does what the prior draws. */
export type DrawImages = NonNullable<VAE["sample"]>;
