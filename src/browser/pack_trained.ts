import { stringify } from "yaml";
import type { ExpParams } from "../config/schema.ts";
import { type Images, inBatches } from "../explore/images.ts";
import { encodeAll, encodeImages } from "../explore/latents.ts";
import { conventionOf, natWeightOf } from "../models/convention.ts";
import type { ModelDefinition } from "../models/define.ts";
import type { VAE } from "../models/vae.ts";
import { mostImages, packTensors } from "../publish/pack_tensors.ts";
import { Rng } from "../rng.ts";
import type { TrainingImages } from "./training_images.ts";

interface Finished {
  readonly vae: VAE;
  readonly model: ModelDefinition;
  readonly params: Readonly<Record<string, unknown>>;
  readonly exp: ExpParams;
  readonly data: TrainingImages;
  readonly steps: number;
  readonly title: string;
}

const SIDE = 32;
const MOST = 500;
const BATCH = 64;

/** A model that was trained in this browser, as `vae publish` packs one. */
export async function packTrained(finished: Finished): Promise<Uint8Array> {
  const { vae, model, params, exp, data, steps, title } = finished;
  const rng = Rng.fromSeed(exp.manual_seed);
  const { layout } = encodeImages(vae, firstOf(data, 1), rng);
  const images = firstOf(data, Math.min(MOST, mostImages(layout.size)));
  const [, ...imageShape] = data.shape;
  const { columns, side, webp } = await spriteOf(data, images.shape[0]);
  return packTensors({
    vae,
    latents: await encodeAll(vae, inBatches(images, BATCH), rng),
    images,
    originals: 16,
    sprite: webp,
    card: {
      title,
      model: model.name,
      params,
      imageShape,
      imageRange: [0, 1],
      convention: conventionOf(exp),
      natWeight: natWeightOf(exp),
      seed: exp.manual_seed,
      ...(data.labelColumns && { labels: data.labelColumns }),
      samplers: [],
      sprite: { columns, side },
      trained: {
        data: "images in a browser",
        step: steps,
        epoch: 0,
        images: data.shape[0],
        config: stringify({ model_params: { name: model.name, ...params }, exp_params: exp }),
        metrics: {},
      },
    },
  });
}

/** The first `count` images in the model's range, [0, 1]. */
function firstOf({ images, shape, labels }: TrainingImages, count: number): Images {
  const [all, ...size] = shape;
  const n = Math.min(count, all);
  return {
    images: Float32Array.from(images.subarray(0, (images.length / all) * n), (byte) => byte / 255),
    shape: [n, ...size],
    ...(labels && { labels: labels.slice(0, (labels.length / all) * n) }),
  };
}

/** The first `count` images small in one picture. */
async function spriteOf({ images, shape: [, height, width, channels] }: TrainingImages, count: number) {
  const columns = Math.ceil(Math.sqrt(count));
  const side = Math.min(SIDE, width);
  const canvas = new OffscreenCanvas(columns * side, Math.ceil(count / columns) * side);
  const context = canvas.getContext("2d")!;
  const one = new OffscreenCanvas(width, height);
  const pixels = new ImageData(width, height);
  for (let n = 0; n < count; n++) {
    for (let p = 0; p < height * width; p++) {
      const at = (n * height * width + p) * channels;
      for (let c = 0; c < 3; c++) pixels.data[4 * p + c] = images[at + (channels < 3 ? 0 : c)]!;
      pixels.data[4 * p + 3] = 255;
    }
    one.getContext("2d")!.putImageData(pixels, 0, 0);
    context.drawImage(one, (n % columns) * side, Math.floor(n / columns) * side, side, side);
  }
  const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.88 });
  return { columns, side, webp: new Uint8Array(await blob.arrayBuffer()) };
}
