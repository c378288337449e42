import type { Dimension } from "../explore/dimensions.ts";
import type { LatentLayout } from "../explore/latents.ts";
import type { Convention } from "../models/convention.ts";
import type { Label } from "../models/vae.ts";

/** In the metadata of a file of safetensors that holds a trained model and all that a page shows of it. */
export const FORMAT = "tfjs-vae model 1";

/** Names in that file: `model.PARAM`, `sampler.NAME.TENSOR`, and of validation images the following. */
export const TENSORS = {
  /** Originals, [n, H, W, C], bytes of 0 to 255. */
  images: "val.images",
  /** What is decoded for each of N images, [N, D]: `Latents.place`. */
  places: "val.places",
  /** Of a model whose z is a grid of codes their numbers, [N, h, w]. */
  codes: "val.codes",
  /** [N, L], where the data set has labels. */
  labels: "val.labels",
  /** The N images small in one picture, row by row, the bytes of a WebP file. */
  sprite: "val.sprite",
} as const;

/** A sampler that was fitted to the model. */
export interface PackedSampler {
  readonly name: string;
  readonly options: Readonly<Record<string, number>>;
}

/** What that file says besides its tensors, as JSON in its metadata under `card`. */
export interface ModelCard {
  /** For people: the run's name. */
  readonly title: string;
  /** As in `model_params`, and complete. */
  readonly model: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** [H, W, C]. */
  readonly imageShape: readonly [number, number, number];
  readonly imageRange: readonly [number, number];
  readonly convention: Convention;
  readonly natWeight: number;
  /** Of what is drawn where nobody says otherwise: the run's. */
  readonly seed: number;
  readonly layout: LatentLayout;
  /** Most active first; absent where z is a grid of codes. */
  readonly dimensions?: readonly Dimension[];
  /** First and last value of a dimension's slider. */
  readonly latentRange: readonly [number, number];
  /** The data set's; absent where it has none. */
  readonly labels?: readonly Label[];
  /** Those of them, by column, that the model is conditioned on; absent of others. */
  readonly conditions?: readonly number[];
  readonly samplers: readonly PackedSampler[];
  /** Small pictures a row of the sprite, and their side in pixels. */
  readonly sprite: { readonly columns: number; readonly side: number };
  /** How it was trained, for people. */
  readonly trained: {
    readonly data: string;
    readonly step: number;
    readonly epoch: number;
    readonly images: number;
    readonly config: string;
    /** Metrics of the checkpoint's validation, by name. */
    readonly metrics: Readonly<Record<string, number>>;
  };
  readonly license?: string;
}
