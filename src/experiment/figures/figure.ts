import type { FigureContext } from "./context.ts";

/** A number, or one a dimension of z. */
export type Value = number | readonly number[];

/** A figure by which models are compared: what `--figures` names. */
export interface Figure {
  readonly name: string;
  /** What it says, with its unit. */
  readonly summary: string;
  /** Computed where nothing is named. */
  readonly byDefault: boolean;
  /** Whether it wants one latent with a Gaussian posterior. */
  readonly gaussian?: boolean;
  /** Why it can't be computed of this model and these data; undefined where it can. */
  missing?(context: FigureContext): Promise<string | undefined> | string | undefined;
  /** By the names that stand in the table; see docs/figures.md. */
  compute(context: FigureContext): Promise<Readonly<Record<string, Value>>>;
}
