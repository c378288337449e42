import { concat } from "../concat.ts";
import type { Images } from "./images.ts";

/** The first `count` images, in [0, 1], each pixel as a square of them, so that they are `side` high; three channels. */
export function enlarged(
  { images, shape: [count, height, width, channels] }: Images,
  side: number,
  [low, high]: readonly [number, number],
): Images {
  const factor = Math.max(1, Math.floor(side / Math.max(height, width)));
  const [offsetY, offsetX] = [(side - height * factor) >> 1, (side - width * factor) >> 1];
  const out = new Float32Array(count * side * side * 3).fill(1);
  for (let n = 0; n < count; n++) {
    for (let y = 0; y < height * factor; y++) {
      for (let x = 0; x < width * factor; x++) {
        const from = ((n * height + Math.floor(y / factor)) * width + Math.floor(x / factor)) * channels;
        const to = ((n * side + offsetY + y) * side + offsetX + x) * 3;
        for (let c = 0; c < 3; c++) {
          out[to + c] = (images[from + (channels < 3 ? 0 : c)]! - low) / (high - low);
        }
      }
    }
  }
  return { images: out, shape: [count, side, side, 3] };
}

/** White images in place of those that are missing, so that each set is a whole row of `columns`. */
export function rowOf({ images, shape: [count, height, width, channels] }: Images, columns: number): Images {
  const missing = new Float32Array(Math.max(0, columns - count) * height * width * channels).fill(1);
  const kept = images.subarray(0, Math.min(count, columns) * height * width * channels);
  return { images: concat([kept, missing]), shape: [columns, height, width, channels] };
}
