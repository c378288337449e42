import { transfer } from "comlink";
import type { Measured } from "../../src/browser/choose_backend.ts";
import type { SampleOptions } from "../../src/browser/model.ts";
import { Model } from "../../src/browser/model.ts";
import { fromPixels, type Pixels, toPixels } from "../../src/browser/pixels.ts";
import type { Images } from "../../src/explore/images.ts";
import type { ModelCard } from "../../src/publish/packed_model.ts";
import { type Codes, codesOf, meanCodes } from "./codes.ts";
import { type Computing, orWasm, type Wanted } from "./computing.ts";
import { principalComponents, umap } from "./projections.ts";

/** What is known of a model once it is open. */
export interface Opened {
  readonly card: ModelCard;
  readonly computing: Computing;
  /** What was measured for it, and before. */
  readonly measured: ReadonlyMap<string, Measured>;
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
  /** `tell` is called when something else computes than it was. */
  async open(file: Uint8Array, wanted: Wanted, tell: (computing: Computing) => void): Promise<Opened> {
    let note: string | undefined;
    let isOpen = false;
    const say = (sentence: string) => {
      note = sentence;
      if (isOpen) tell({ device: model.device, note });
    };
    let times: ReadonlyMap<string, Measured> = wanted.measured;
    model = await orWasm(wanted, say, (options) => {
      times = options.measured;
      return Model.open(file, options);
    });
    isOpen = true;
    const labels = model.labels();
    codes = codesOf(model);
    return {
      card: model.card,
      computing: { device: model.device, ...(note !== undefined && { note }) },
      measured: times,
      places: model.places(),
      ...(labels && { labels }),
      ...(codes && { codes }),
      sprite: model.sprite(),
    };
  },

  decode: async (latents: Float32Array, labels?: Float32Array): Promise<Pixels> =>
    pixelsOf(await model.decode(latents, labels)),

  sample: async (count: number, options: SampleOptions): Promise<Pixels> =>
    pixelsOf(await model.sample(count, options)),

  /** Where a picture of the model's size is decoded from, [D]; `labels` [L] for a model that is conditioned on some. */
  async encode(picture: Pixels, labels?: Float32Array): Promise<Float32Array> {
    const { imageShape, imageRange } = model.card;
    const images = fromPixels(picture, imageShape[2], imageRange);
    return (await model.encode(labels ? { ...images, labels } : images)).place;
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
