import type { Mode } from "../../metrics/table.ts";

/** Where training stands; with parameters and optimizer state all that the next step, and the next row, depend on. */
export interface RunState {
  /** Steps done, those that were skipped too. */
  step: number;
  /** Whole epochs done. */
  epoch: number;
  /** Batches done in the epoch under way. */
  batch: number;
  /** The best validation so far, of which `best.safetensors` is. */
  best: Best | undefined;
  /** Step at which the last end of an epoch, or of the run, was dealt with: validated, where that was due. */
  ended: number;
  /** What was not finite at the last validation; undefined: nothing, or a checkpoint is older than this. */
  notFinite?: string | undefined;
  /** Steps skipped one after another up to here, because their loss was not finite. */
  skipped: number;
  /** Step at which the average of its weights began; undefined where there is none. */
  averagedFrom: number | undefined;
  /** What early stopping has seen; undefined where there is none. */
  stopping: Stopping | undefined;
  /** What callbacks of a program have to know, by their names; absent where there are none. */
  callbacks?: Readonly<Record<string, unknown>> | undefined;
  /** The data that it is trained on; undefined where a checkpoint is older than this. */
  data: DataPrint | undefined;
  /** The steps since the last row of metrics. */
  readonly window: WindowSums;
}

export interface Best {
  /** The metric that chose it; undefined in checkpoints that are older than this. */
  readonly monitor: string | undefined;
  readonly mode: Mode;
  readonly value: number;
  /** Optimizer steps done then; undefined as `monitor` is. */
  readonly step: number | undefined;
}

/** Validations by the metric that may stop a run early. */
export interface Stopping {
  readonly monitor: string;
  readonly mode: Mode;
  /** The best value so far and its step; undefined where none was finite. */
  readonly value: number | undefined;
  readonly step: number | undefined;
  /** Validations since then. */
  readonly waited: number;
}

/** What tells data, and the way they are cut into batches, from others. */
export interface DataPrint {
  /** Images a step. */
  readonly batch: number;
  /** Steps an epoch. */
  readonly steps: number;
  /** How an epoch's order is drawn; absent: whole. */
  readonly order?: "blocks" | "none";
  readonly train: SplitPrint;
  readonly val: SplitPrint;
}

export interface SplitPrint {
  readonly images: number;
  /** Of the bytes and labels of images from all over the split, in hex. */
  readonly sha256: string;
}

/** Steps that are not in a row of metrics yet. */
export interface WindowSums {
  steps: number;
  /** Of each metric, over those of these steps that have it. */
  sums: Record<string, number>;
  /** How many those are; undefined in checkpoints that are older than this, where all have each. */
  counts?: Record<string, number>;
}

/** Where a new run stands. */
export const newRunState = (): RunState => ({
  step: 0,
  epoch: 0,
  batch: 0,
  best: undefined,
  ended: 0,
  skipped: 0,
  averagedFrom: undefined,
  stopping: undefined,
  data: undefined,
  window: { steps: 0, sums: {}, counts: {} },
});

/** The state as JSON of a checkpoint, also of one whose `best` is a number and nothing else. */
export function parseRunState(json: string): RunState {
  const state = JSON.parse(json) as Omit<RunState, "best"> & { best?: Best | number };
  const { best } = state;
  if (typeof best !== "number") return state as RunState;
  return { ...state, best: { monitor: undefined, mode: "min", value: best, step: undefined } };
}
