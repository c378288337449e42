import type { OpenRun } from "../open_run.ts";
import type { FigureContext, FigureOptions } from "./context.ts";

/** A number, or one a dimension of z. */
export type Value = number | readonly number[];

/** Which of two values is better: of `images` the one nearer to that of the images; `neither`: it is no merit. */
export type Better = "higher" | "lower" | "images" | "neither";

/** What a number says of a model. */
export interface Metric {
  /** Empty for a number that has none. */
  readonly unit: string;
  readonly better: Better;
  /** How it is computed. */
  readonly computed: string;
  /** Whether `vae runs` and `vae compare` have a column for it. */
  readonly column?: boolean;
}

/** What tells whether a figure can be computed. */
export interface FigureSubject {
  readonly run: Pick<OpenRun, "dataset" | "imageShape">;
  readonly options: FigureOptions;
}

/** A figure by which models are compared: what `--figures` names. */
export interface Figure {
  readonly name: string;
  /** What it computes, by name; a word in capitals stands for any: `svm_LABEL`. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Computed where nothing is named. */
  readonly byDefault: boolean;
  /** Whether it wants one latent with a Gaussian posterior. */
  readonly gaussian?: boolean;
  /** Whether it trains something on training images, whose accuracy on the images evaluated it tells. */
  readonly trains?: boolean;
  /** Why it can't be computed of this model and these data; undefined where it can. */
  missing?(subject: FigureSubject): Promise<string | undefined> | string | undefined;
  /** By the names of `metrics`. What it leaves out of them it tells the context. */
  compute(context: FigureContext): Promise<Readonly<Record<string, Value>>>;
}
