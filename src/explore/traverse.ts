import type { VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import type { Dimension } from "./dimensions.ts";
import { type Images, repeated } from "./images.ts";
import { decodeVectors, type LatentLayout } from "./latents.ts";

/**
 * One row a dimension, one column a value: the images of `start` with that dimension set to that value and the
 * others as they are, packed [dimensions x values, H, W, C].
 *
 * @param start [D]
 * @param labels of that image, [L], for a model that wants some
 */
export function traverse(
  vae: VAE,
  layout: LatentLayout,
  start: Float32Array,
  dimensions: readonly Dimension[],
  values: readonly number[],
  rng: Rng,
  labels?: Float32Array,
): Images {
  const vectors = new Float32Array(dimensions.length * values.length * layout.size);
  dimensions.forEach(({ index }, row) => {
    values.forEach((value, column) => {
      const from = (row * values.length + column) * layout.size;
      vectors.set(start, from);
      vectors[from + index] = value;
    });
  });
  const conditions = labels && repeated(labels, dimensions.length * values.length);
  return decodeVectors(vae, layout, vectors, { rng, labels: conditions });
}

/** What stands left of each row of a traversal: the dimension and its KL in nats. */
export const rowLabels = (dimensions: readonly Dimension[]): string[] =>
  dimensions.map(({ name, kl }) => `${name}\nKL ${kl.toFixed(2)}`);
