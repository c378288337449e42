import { concat } from "../concat.ts";
import type { Tensor4D } from "../tf.ts";

/** Images as they lie in memory, packed as `shape`, in the model's range. */
export interface Images {
  readonly images: Float32Array;
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** Packed [N, L], where the data set has them. */
  readonly labels?: Float32Array;
}

/** The values of a tensor, which is freed. */
export async function readImages(made: Tensor4D): Promise<Images> {
  try {
    return { images: (await made.data()) as Float32Array, shape: made.shape };
  } finally {
    made.dispose();
  }
}

/** `count` of them from number `from` on, in the same memory. */
export function slice({ images, shape, labels }: Images, from: number, count: number): Images {
  const [all, height, width, channels] = shape;
  const n = Math.min(count, all - from);
  const [pixels, columns] = [height * width * channels, (labels?.length ?? 0) / all];
  return {
    images: images.subarray(from * pixels, (from + n) * pixels),
    shape: [n, height, width, channels],
    ...(labels && { labels: labels.subarray(from * columns, (from + n) * columns) }),
  };
}

/** They all, at most `size` at a time. */
export function* inBatches(all: Images, size: number): Generator<Images> {
  for (let from = 0; from < all.shape[0]; from += size) yield slice(all, from, size);
}

/** Each image of `left` with its counterpart of `right` beside it, [N, H, 2 W, C]. */
export function beside(left: Images, right: Images): Images {
  const [count, height, width, channels] = left.shape;
  const row = width * channels;
  const images = new Float32Array(2 * left.images.length);
  for (let line = 0; line < count * height; line++) {
    images.set(left.images.subarray(line * row, (line + 1) * row), 2 * line * row);
    images.set(right.images.subarray(line * row, (line + 1) * row), (2 * line + 1) * row);
  }
  return { images, shape: [count, height, 2 * width, channels] };
}

/** `values` `count` times. */
export function repeated(values: Float32Array, count: number): Float32Array {
  return concat(Array<Float32Array>(count).fill(values));
}

/** Sets of images of one size, one after the other. */
export function concatImages(sets: readonly Images[]): Images {
  const [, height, width, channels] = sets[0]!.shape;
  const count = sets.reduce((sum, { shape }) => sum + shape[0], 0);
  return { images: concat(sets.map(({ images }) => images)), shape: [count, height, width, channels] };
}
