/** Where training stands; with parameters and optimizer state all that the next step, and the next row, depend on. */
export interface RunState {
  /** Steps done, those that were skipped too. */
  step: number;
  /** Whole epochs done. */
  epoch: number;
  /** Batches done in the epoch under way. */
  batch: number;
  /** Best value so far of the monitored metric. */
  best: number | undefined;
  /** Step at which the last end of an epoch, or of the run, was dealt with: validated, where that was due. */
  ended: number;
  /** Steps skipped one after another up to here, for their loss was not finite. */
  skipped: number;
  /** The steps since the last row of metrics. */
  readonly window: WindowSums;
}

/** Steps that are not in a row of metrics yet. */
export interface WindowSums {
  steps: number;
  /** Of each figure, over these steps. */
  sums: Record<string, number>;
}

/** Where a new run stands. */
export const newRunState = (): RunState => ({
  step: 0,
  epoch: 0,
  batch: 0,
  best: undefined,
  ended: 0,
  skipped: 0,
  window: { steps: 0, sums: {} },
});
