import type { RunState } from "../run_state.ts";

/** Metrics by tag, such as `train/kl` or `val/elbo`. */
export type Metrics = Readonly<Record<string, number>>;

/** Tag of a grid, which is also the name of its folder. */
export type PictureTag = "Samples" | "Reconstructions";

/** One place where a run leaves its figures. A further one is a file with such a class and a line in `RunLog`. */
export interface Logger {
  /** Figures at `state.step` optimizer steps. */
  metrics(state: Readonly<RunState>, values: Metrics): void;
  /** A PNG. */
  picture?(tag: PictureTag, state: Readonly<RunState>, png: Buffer): void;
  /** The run has reached its end with these metrics. */
  finish?(metrics: Metrics): void;
  /** Puts all on the disk, where a power failure leaves it: a checkpoint that follows then lacks no row before it. */
  flush?(): void;
  /** The run's folder was deleted and is there again, empty. */
  renew?(): void;
  close?(): void;
}
