import type { EvaluationOptions } from "../evaluation/context.ts";
import type { Series, Values } from "./members.ts";
import type { ExperimentFile } from "./schema.ts";

/** Runs that are written out, evaluated after training. */
export interface Experiment extends Series {
  readonly steps: number;
  /** Names of the metrics that are compared. */
  readonly metrics: readonly string[];
  /** Names of the samplers that are fitted to each run. */
  readonly samplers: readonly string[];
  /** File names in it are absolute. */
  readonly options: EvaluationOptions;
  readonly sheet: ExperimentFile["contact_sheet"];
  /** What chooses values of the runs before they are trained; undefined: they stand in the file. */
  readonly search?: Search | undefined;
  /** What it chose, by run: laid over their configs. Empty as long as it has not. */
  readonly chosen: Chosen;
}

/** Values of runs, by run. */
export type Chosen = ReadonlyMap<string, Values>;

/** One setting of a run that is tried. */
export interface Trial {
  /** Its name among the runs of the search. */
  readonly name: string;
  readonly values: Values;
}

/** An experiment whose runs are trials of another's runs, by which that one's values are chosen. */
export interface Search extends Experiment {
  /** The number that chooses, of images of the val split, as the file has it. */
  readonly metric: string;
  /** The same by run of the other experiment, with the network that judges it. */
  readonly metricOf: ReadonlyMap<string, string>;
  readonly better: "higher" | "lower";
  /** By run of the other experiment; those that nothing is searched for are not there. */
  readonly trials: ReadonlyMap<string, readonly Trial[]>;
  /** That experiment with values laid over its runs, as its file was when it was read. */
  lay(chosen: Chosen): Promise<Experiment>;
}
