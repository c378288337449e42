import type { OpenRun } from "../trained/open_trained.ts";
import type { FigureContext, FigureOptions, Measuring } from "./context.ts";

/** A number, or one a dimension of z. */
export type Value = number | readonly number[];

/** What tells whether a figure can be computed. */
export interface FigureSubject {
  readonly run: Pick<OpenRun, "dataset" | "imageShape">;
  readonly options: FigureOptions;
}

/** A figure by which models are compared: what `--figures` names. What its numbers say is in metrics/table.ts. */
export interface Figure extends Measuring {
  readonly name: string;
  /** Computed where nothing is named. */
  readonly byDefault: boolean;
  /** Whether it wants one latent with a Gaussian posterior. */
  readonly gaussian?: boolean;
  /** Whether it trains something on training images, whose accuracy on the images evaluated it tells. */
  readonly trains?: boolean;
  /** Why it can't be computed of this model and these data; undefined where it can. */
  missing?(subject: FigureSubject): Promise<string | undefined> | string | undefined;
  /** By the names that stand in tables. What it leaves out of them it tells the context. */
  compute(context: FigureContext): Promise<Readonly<Record<string, Value>>>;
}
