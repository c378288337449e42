import { first } from "./data.ts";

export const PLANE = 32 * 32;
export const RECORD = 1 + 3 * PLANE;

/** A class and the planes of one colour, but for the pixel at x 5, y 2, which is white. */
export function record(label: number, [r, g, b]: readonly [number, number, number]): Buffer {
  const planes = [r, g, b].map((value) => {
    const plane = Buffer.alloc(PLANE, value);
    plane[2 * 32 + 5] = 255;
    return plane;
  });
  return Buffer.concat([Buffer.of(label), ...planes]);
}
/** Ten images a batch; image i of batch k is [k, i, 200], its class i. */
export const batch = (k: number) => Buffer.concat(first(10).map((i) => record(i, [k, i, 200])));
/** The binary version's files: 50 training and 10 test images. */
export const cifar10Files = (prefix = ""): Record<string, Buffer> =>
  Object.fromEntries([
    ...[1, 2, 3, 4, 5].map((k) => [`${prefix}data_batch_${k}.bin`, batch(k)]),
    [`${prefix}test_batch.bin`, batch(6)],
  ]);
