/** What the page is told, as JSON. Types alone: the page imports them too. */

/**
 * `running`: a process writes to it. `finished`: all of its epochs or steps are done, or it stopped early. `stopped`: by a
 * signal, it can be gone on with. `failed`: its process is gone without having given the run back, its numbers are not
 * finite, or it ended with nothing saved.
 */
export type RunStatus = "running" | "finished" | "stopped" | "failed";

export type Setting = number | boolean | string;

/** A run in the table. */
export interface RunInfo {
  /** Path from the folder that is shown, with `/`; "." where that folder is the run. */
  readonly id: string;
  readonly model: string;
  readonly data: string;
  readonly status: RunStatus;
  /** Why, in a sentence, where that says more than the status. */
  readonly why?: string;
  /** Optimizer steps and whole epochs logged. */
  readonly step: number;
  readonly epoch: number;
  /** Share of the run that is done, 0 to 1; left out where it isn't known. */
  readonly progress?: number;
  /** When `metrics.csv` changed last, in milliseconds since 1970; else when the config did. */
  readonly changed: number;
  /** What shapes training, by dotted key. */
  readonly settings: Readonly<Record<string, Setting>>;
  /** The columns of `metrics.csv` but step and epoch: the terms there are curves of. */
  readonly terms: readonly string[];
  /** The last validation, by name without `val/`. A value that is not finite is null. */
  readonly last: Readonly<Record<string, number | null>>;
  /** The best value of each validation metric, of those alone that are known without reading the whole of a long file. */
  readonly best: Readonly<Record<string, number>>;
}

export interface RunList {
  /** Name and path of the folder that is shown. */
  readonly folder: string;
  readonly path: string;
  readonly version: string;
  readonly runs: readonly RunInfo[];
  /** Which way is better, of every validation metric in `last` and `best`: -1 lower, 1 higher, 0 neither. */
  readonly better: Readonly<Record<string, -1 | 0 | 1>>;
}

/** One picture of a validation. */
export interface Picture {
  /** `Samples`, `FittedSamples`, `Reconstructions`, `Traversals`. */
  readonly kind: string;
  readonly epoch: number;
  readonly url: string;
}

/** All that there is to say of one run, beside its curves. */
export interface RunDetail {
  readonly id: string;
  /** config.yaml as it stands; undefined where it can't be read. */
  readonly config?: string;
  /** environment.json, parsed. */
  readonly environment?: unknown;
  /** evaluation.json, parsed: what `vae evaluate` has computed. */
  readonly evaluation?: unknown;
  readonly pictures: readonly Picture[];
  /** Lines to type, each with what it does. */
  readonly commands: readonly { readonly what: string; readonly line: string }[];
  /** Settings that it was resumed with otherwise, a sentence each. */
  readonly changes: readonly string[];
}

/** A curve: points of a term of a run, at most as many as were asked for. */
export interface Series {
  readonly run: string;
  readonly term: string;
  /** Steps, epochs, or seconds of training without validations, in rising order. */
  readonly x: readonly number[];
  /** Lowest and highest of what lies between two points are kept; null: not finite. */
  readonly y: readonly (number | null)[];
  /** The exponential moving average there, over all values; of validations the values themselves. */
  readonly smooth: readonly (number | null)[];
  /** Values in the file. */
  readonly total: number;
}

/** What x is: optimizer steps, whole epochs, or seconds of training. */
export type Axis = "step" | "epoch" | "time";

export interface SeriesAnswer {
  readonly series: readonly Series[];
}

/** Events of the stream, by name. */
export interface ServerEvents {
  /** Runs that are new or have changed. */
  readonly changed: { readonly runs: readonly RunInfo[]; readonly better: RunList["better"] };
  /** Runs that are gone. */
  readonly removed: { readonly ids: readonly string[] };
}
