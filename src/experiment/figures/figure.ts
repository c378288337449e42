import type { OpenRun } from "../open_run.ts";
import type { FigureContext, FigureOptions } from "./context.ts";

/** A number, or one a dimension of z. */
export type Value = number | readonly number[];

/** Which of two values is better: of `images` the one nearer to that of the images; `neither`: it is no merit. */
export type Better = "higher" | "lower" | "images" | "neither";

/** What tells whether a figure can be computed. */
export interface FigureSubject {
  readonly run: Pick<OpenRun, "dataset" | "imageShape">;
  readonly options: FigureOptions;
}

/** A figure by which models are compared: what `--figures` names. */
export interface Figure {
  readonly name: string;
  /** What it says, with its unit. */
  readonly summary: string;
  /** Computed where nothing is named. */
  readonly byDefault: boolean;
  /** Whether it wants one latent with a Gaussian posterior. */
  readonly gaussian?: boolean;
  /** Of all that it computes, or by the names of `compute`. */
  readonly better: Better | Readonly<Record<string, Better>>;
  /** Why it can't be computed of this model and these data; undefined where it can. */
  missing?(subject: FigureSubject): Promise<string | undefined> | string | undefined;
  /** By the names that stand in the table; see docs/figures.md. */
  compute(context: FigureContext): Promise<Readonly<Record<string, Value>>>;
}
