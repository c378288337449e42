import { dimensionsByActivity } from "../explore/dimensions.ts";
import { type Images, slice } from "../explore/images.ts";
import type { Latents } from "../explore/latents.ts";
import { type TensorToStore, writeSafetensors } from "../formats/safetensors.ts";
import type { VAE } from "../models/vae.ts";
import type { State } from "../samplers/define.ts";
import { FORMAT, type ModelCard, TENSORS } from "./packed_model.ts";

export interface Parts {
  readonly vae: VAE;
  /** What neither the model nor the latents tell. */
  readonly card: Omit<ModelCard, "layout" | "dimensions" | "latentRange" | "conditions">;
  /** Of `images`. */
  readonly latents: Latents;
  readonly images: Images;
  /** Images kept in full size, at most. */
  readonly originals: number;
  /** All images small in one picture: a WebP file. */
  readonly sprite: Uint8Array;
  readonly samplers?: readonly { readonly name: string; readonly state: State }[];
  /** Weights as float16. */
  readonly half?: boolean;
}

/** First and last value of a dimension where the model says none. */
const RANGE = [-3, 3] as const;

/** A trained model and what a page shows of it as one file of safetensors. */
export function packTensors(parts: Parts): Uint8Array {
  const { vae, latents, images, sprite, samplers = [], half = false } = parts;
  const dimensions = dimensionsByActivity(latents);
  const card: ModelCard = {
    ...parts.card,
    layout: latents.layout,
    ...(dimensions && { dimensions }),
    latentRange: vae.latentRange ?? RANGE,
    ...(vae.labels && { conditions: vae.labels.used }),
  };
  const tensors: [string, TensorToStore][] = [...vae.params].map(([name, { value }]) => [
    `model.${name}`,
    { shape: value.shape, data: value.dataSync() as Float32Array, ...(half && { dtype: "F16" as const }) },
  ]);
  for (const { name, state } of samplers)
    for (const [tensor, values] of state) tensors.push([`sampler.${name}.${tensor}`, values]);
  const originals = slice(images, 0, parts.originals);
  const { count, layout, place, codes } = latents;
  tensors.push(
    [TENSORS.images, { shape: originals.shape, data: bytesOf(originals.images, card.imageRange) }],
    [TENSORS.places, { shape: [count, layout.size], data: place }],
    [TENSORS.sprite, { shape: [sprite.length], data: sprite }],
  );
  if (codes) tensors.push([TENSORS.codes, codes]);
  if (images.labels)
    tensors.push([TENSORS.labels, { shape: [count, images.labels.length / count], data: images.labels }]);
  return writeSafetensors(tensors, { format: FORMAT, card: JSON.stringify(card) });
}

const bytesOf = (images: Float32Array, [low, high]: readonly [number, number]) =>
  Uint8Array.from(images, (v) => Math.round((255 * (v - low)) / (high - low)));

/** Numbers of all places: 4 MiB. Grids of codes have thousands each, so that fewer images are shown. */
const MOST_NUMBERS = 2 ** 20;

/** Images on the map at most, of places of `dims` numbers. */
export const mostImages = (dims: number): number => Math.max(1, Math.floor(MOST_NUMBERS / dims));

/** Images encoded at a time. */
export const ENCODED = 64;

/** Side of the pictures on the map, in pixels at most. */
const SIDE = 32;

/** How `count` images of a width lie in the sprite. */
export const spriteLayout = (count: number, width: number): ModelCard["sprite"] => ({
  columns: Math.ceil(Math.sqrt(count)),
  side: Math.min(SIDE, width),
});
