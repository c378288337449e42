import type { Pointer } from "../../ffi.ts";

/** What the thread that watches is told. */
export interface Watched {
  /** TensorFlow's library. */
  readonly file: string;
  readonly context: Pointer;
  readonly ranks: readonly number[];
  /** Seconds to wait for all of them at the start. */
  readonly start: number;
  /** What it shares with the thread that trains: at `STOPPED`, `PROGRESS`, `LIMIT` and `FOUND`. */
  readonly shared: Int32Array;
}

/** Not 0 once there is nothing more to watch. */
export const STOPPED = 0;
/** When the last step was done, by `seconds`. */
export const PROGRESS = 1;
/** Seconds without progress that are too long; 0: none are. */
export const LIMIT = 2;
/** What was found: 0 nothing, a rank's number and 1 that it is lost, `STUCK`, or `BROKEN`, by a reduction that failed. */
export const FOUND = 3;
export const STUCK = -1;
export const BROKEN = -2;

/** A clock that all threads have. */
export const seconds = (): number => Number(process.hrtime.bigint() / 1_000_000_000n);

/** What the thread says: whether all ranks are there at the start, or which is not; later that it has found something. */
export type Told =
  | { readonly kind: "up" | "found" }
  | { readonly kind: "absent"; readonly rank: number; readonly why: string };
