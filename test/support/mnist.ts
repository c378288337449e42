import { first } from "./data.ts";

export const SIDE = 28;
/** MNIST's own names. */
export const FILES = {
  images: "train-images-idx3-ubyte",
  labels: "train-labels-idx1-ubyte",
  testImages: "t10k-images-idx3-ubyte",
  testLabels: "t10k-labels-idx1-ubyte",
} as const;

/** An IDX file. */
export function idx(shape: readonly number[], data: Uint8Array, type = 8): Buffer {
  const header = Buffer.from([0, 0, type, shape.length, ...shape.flatMap(() => [0, 0, 0, 0])]);
  for (const [i, size] of shape.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, data]);
}
/** Image n is filled with n, its class n % 10. */
export const images = (count: number) =>
  idx([count, SIDE, SIDE], Buffer.concat(first(count).map((n) => Buffer.alloc(SIDE * SIDE, n))));
export const labels = (count: number) =>
  idx(
    [count],
    Uint8Array.from(first(count), (n) => n % 10),
  );
/** 30 training and 5 test images. */
export const mnistFiles = (): Record<string, Buffer> => ({
  [FILES.images]: images(30),
  [FILES.labels]: labels(30),
  [FILES.testImages]: images(5),
  [FILES.testLabels]: labels(5),
});
