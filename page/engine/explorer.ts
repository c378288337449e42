import { transfer } from "comlink";
import type { SampleOptions } from "../../src/browser/model.ts";
import { Model } from "../../src/browser/model.ts";
import { fromPixels, type Pixels, toPixels } from "../../src/browser/pixels.ts";
import type { Images } from "../../src/explore/images.ts";
import type { ModelCard } from "../../src/publish/packed_model.ts";
import { type Codes, codesOf, meanCodes } from "./codes.ts";
import { principalComponents, umap } from "./projections.ts";

/** What is known of a model once it is open. */
export interface Opened {
  readonly card: ModelCard;
  /** What computes, in words. */
  readonly device: string;
  /** Where validation images are decoded from, packed [N, D]. */
  readonly places: Float32Array;
  readonly labels?: Float32Array;
  readonly codes?: Codes;
  /** A WebP file. */
  readonly sprite: Uint8Array;
}

let model: Model;
let codes: Codes | undefined;

/** What the worker does for the page: everything that computes. */
export const explorer = {
  async open(file: Uint8Array): Promise<Opened> {
    model = await Model.open(file);
    const labels = model.labels();
    codes = codesOf(model);
    return {
      card: model.card,
      device: model.device,
      places: model.places(),
      ...(labels && { labels }),
      ...(codes && { codes }),
      sprite: model.sprite(),
    };
  },

  decode: (latents: Float32Array, labels?: Float32Array): Pixels => pixelsOf(model.decode(latents, labels)),

  sample: (count: number, options: SampleOptions): Pixels => pixelsOf(model.sample(count, options)),

  /** Where a picture of the model's size is decoded from, [D]; `labels` [L] for a model that is conditioned on some. */
  encode(picture: Pixels, labels?: Float32Array): Float32Array {
    const { imageShape, imageRange } = model.card;
    const images = fromPixels(picture, imageShape[2], imageRange);
    return model.encode(labels ? { ...images, labels } : images).place;
  },

  /** The latents of validation images in the plane, packed [N, 2]. */
  async project(how: "pca" | "umap"): Promise<Float32Array> {
    const [places, dims] = codes
      ? meanCodes(model.places(), codes)
      : [model.places(), model.card.layout.size];
    return how === "pca" ? principalComponents(places, dims) : umap(places, dims);
  },
};

function pixelsOf({ images, shape }: Images): Pixels {
  const pixels = toPixels(images, shape, model.card.imageRange);
  return transfer(pixels, [pixels.data.buffer]);
}
