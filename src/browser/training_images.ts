import { ShapeError } from "../errors.ts";
import type { Images } from "../explore/images.ts";
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

/** @throws ShapeError where there are no images, or bytes or labels are not as many as the shape says */
export function checkImages({ images, shape, labels, labelColumns = [] }: TrainingImages): void {
  const [count] = shape;
  if (!shape.every((size) => Number.isInteger(size) && size > 0))
    throw new ShapeError(
      `data.shape: expected [count, height, width, channels], 1 or more each, got [${shape}].`,
    );
  check("data.images", images.length, shape);
  if (labels !== undefined) check("data.labels", labels.length, [count, labelColumns.length]);
}

function check(name: string, length: number, shape: readonly number[]): void {
  const expected = shape.reduce((a, b) => a * b);
  if (length !== expected)
    throw new ShapeError(`${name}: expected ${expected} numbers, [${shape.join(", ")}], got ${length}.`);
}

/** The first `count` images in the model's range, [0, 1]. */
export function firstImages({ images, shape, labels }: TrainingImages, count: number): Images {
  const [all, ...size] = shape;
  const n = Math.min(count, all);
  return {
    images: Float32Array.from(images.subarray(0, (images.length / all) * n), (byte) => byte / 255),
    shape: [n, ...size],
    ...(labels && { labels: labels.slice(0, (labels.length / all) * n) }),
  };
}
