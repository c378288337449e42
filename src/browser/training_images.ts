import type { Label } from "../models/vae.ts";

/** Images in memory to train on. */
export interface TrainingImages {
  /** Packed as `shape`, bytes of 0 to 255. */
  readonly images: Uint8Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** Packed [N, L], with `labelColumns`, for a model that is conditioned on some. */
  readonly labels?: Float32Array;
  readonly labelColumns?: readonly Label[];
}
