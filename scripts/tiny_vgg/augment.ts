import { IMAGENET_MEAN, IMAGENET_STD } from "../../src/features/normalize.ts";
import type { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import type { LabelledImages } from "./cifar10_jpeg.ts";

const SIDE = 32;
const MAX_SHIFT = 4;

/** Normalized value of each byte and channel. */
const NORMALIZED = IMAGENET_MEAN.map((mean, c) =>
  Float32Array.from({ length: 256 }, (_, v) => (v / 255 - mean) / IMAGENET_STD[c]!),
);

/**
 * The images at `indices`, [B, 32, 32, 3], normalized. With an `rng` each is mirrored with probability 1/2
 * and shifted by -4 to 4 pixels a side; what comes in from outside is 0, the mean colour.
 */
export function imageBatch(set: LabelledImages, indices: ArrayLike<number>, rng: Rng | null): Tensor4D {
  const out = new Float32Array(indices.length * SIDE * SIDE * 3);
  const draws = rng?.uniformArray(indices.length * 3);
  const shift = (u: number) => Math.floor(u * (2 * MAX_SHIFT + 1)) - MAX_SHIFT;
  for (let b = 0; b < indices.length; b++) {
    const dy = draws ? shift(draws[3 * b]!) : 0;
    const dx = draws ? shift(draws[3 * b + 1]!) : 0;
    const mirrored = draws ? draws[3 * b + 2]! < 0.5 : false;
    const from = indices[b]! * SIDE * SIDE * 3;
    for (let y = 0; y < SIDE; y++) {
      const sy = y + dy;
      if (sy < 0 || sy >= SIDE) continue;
      for (let x = 0; x < SIDE; x++) {
        const sx = (mirrored ? SIDE - 1 - x : x) + dx;
        if (sx < 0 || sx >= SIDE) continue;
        const source = from + (sy * SIDE + sx) * 3;
        const target = ((b * SIDE + y) * SIDE + x) * 3;
        for (let c = 0; c < 3; c++) out[target + c] = NORMALIZED[c]![set.images[source + c]!]!;
      }
    }
  }
  return tf.tensor4d(out, [indices.length, SIDE, SIDE, 3]);
}
