/** Metrics by tag, such as `train/kl` or `val/elbo`. */
export type Metrics = Readonly<Record<string, number>>;

/** Numbers by tag, such as `gradients/encoder.0.0.weight`. */
export type Arrays = Readonly<Record<string, Float32Array>>;

/** Tag of a picture; of the grids it is also the name of their folder. */
export type PictureTag = "Samples" | "FittedSamples" | "Reconstructions" | "Traversals" | "KL_per_dimension";

/** Where a run stands. */
export interface Place {
  /** Optimizer steps done. */
  readonly step: number;
  /** Whole epochs done. */
  readonly epoch: number;
  /** Step at which the last end of an epoch was dealt with: validated, where that was due. */
  readonly ended: number;
}

/** What a resumed run tells its loggers before its first step. */
export interface Resumption {
  /** The row of the checkpoint's step, where it belongs to what the run writes anew. */
  readonly row: Metrics | undefined;
  /** Every setting that changed on the way, a sentence; "": none. */
  readonly changes: string;
  /** Whether some changed now. */
  readonly changed: boolean;
}

/** One place where a run leaves its metrics. */
export interface Logger {
  /** Metrics at `place.step` optimizer steps. */
  metrics(place: Place, values: Metrics): void;
  /** A PNG. */
  picture?(tag: PictureTag, place: Place, png: Buffer): void;
  /** The distribution of each array's numbers. */
  histograms?(place: Place, values: Arrays): void;
  /** The run goes on from a checkpoint. */
  resumed?(place: Place, resumption: Resumption): void;
  /** The metrics of the last row, where that is of `step`, of loggers that can read what they wrote. */
  at?(step: number): Metrics | undefined;
  /** The run has reached its end with these metrics. */
  finish?(metrics: Metrics): void;
  /** Puts all on the disk, where a power failure leaves it: a checkpoint that follows then lacks no row before it. */
  flush?(): void;
  /** The run's folder was deleted and is there again, empty. */
  renew?(): void;
  close?(): void | Promise<void>;
  /** Closes without writing: another process has gone on with the run. */
  abandon?(): void;
}
