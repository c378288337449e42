import type { RunInfo } from "../api.ts";

/** A run whose curves are shown. */
export interface Shown {
  readonly run: RunInfo;
  /** Number of its colour. */
  readonly colour: number;
}
