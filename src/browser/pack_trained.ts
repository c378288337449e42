import { stringify } from "yaml";
import type { ExpParams } from "../config/schema.ts";
import { inBatches } from "../explore/images.ts";
import { encodeAll, encodeImages } from "../explore/latents.ts";
import { conventionOf, natWeightOf } from "../models/convention.ts";
import type { ModelDefinition } from "../models/define.ts";
import type { VAE } from "../models/vae.ts";
import { ENCODED, mostImages, packTensors, spriteLayout } from "../publish/pack_tensors.ts";
import { Rng } from "../rng.ts";
import { fetchValues } from "./backend.ts";
import { onePicture, toPixels } from "./pixels.ts";
import { firstImages, type TrainingImages } from "./training_images.ts";

interface Finished {
  readonly vae: VAE;
  readonly model: ModelDefinition;
  readonly params: Readonly<Record<string, unknown>>;
  readonly exp: ExpParams;
  readonly data: TrainingImages;
  readonly steps: number;
  readonly title: string;
}

const MOST = 500;

/** A model that was trained in this browser, as `vae publish` packs one. */
export async function packTrained(finished: Finished): Promise<Uint8Array> {
  const { vae, model, params, exp, data, steps, title } = finished;
  const rng = Rng.fromSeed(exp.manual_seed);
  const { layout } = await encodeImages(vae, firstImages(data, 1), rng);
  const images = firstImages(data, Math.min(MOST, mostImages(layout.size)));
  const [, ...imageShape] = data.shape;
  const { columns, side, webp } = await spriteOf(data, images.shape[0]);
  const latents = await encodeAll(vae, inBatches(images, ENCODED), rng);
  await fetchValues([...vae.params.values()].map(({ value }) => value));
  return packTensors({
    vae,
    latents,
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

/** The first `count` images small in one picture. */
async function spriteOf({ images, shape: [, height, width, channels] }: TrainingImages, count: number) {
  const { columns, side } = spriteLayout(count, width);
  const canvas = new OffscreenCanvas(columns * side, Math.ceil(count / columns) * side);
  const context = canvas.getContext("2d")!;
  const one = new OffscreenCanvas(width, height);
  const pixels = toPixels(images, [count, height, width, channels], [0, 255]);
  for (let n = 0; n < count; n++) {
    one.getContext("2d")!.putImageData(new ImageData(onePicture(pixels, n).data, width, height), 0, 0);
    context.drawImage(one, (n % columns) * side, Math.floor(n / columns) * side, side, side);
  }
  const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.88 });
  return { columns, side, webp: new Uint8Array(await blob.arrayBuffer()) };
}
