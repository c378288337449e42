// A data set of one's own: bright blobs on black, each drawn from its number, so that nothing has to be stored.
import type { DataCommon, ParamsOf, PluginApi, Split } from "tfjs-vae";

const SIDE = 32;
const HELD_OUT = 64;

const blobs = ({ Type, defineDataset }: PluginApi) =>
  defineDataset({
    name: "blobs",
    summary: "Bright blobs on black, 32x32 grey, with the blob's place as labels.",
    params: Type.Object({
      size: Type.Integer({ minimum: 1, default: 2000, description: "Training images." }),
      radius: Type.Number({ exclusiveMinimum: 0, default: 4, description: "Of a blob, in pixels." }),
    }),
    imageShape: () => [SIDE, SIDE, 1],
    trainImages: ({ size }) => size,
    async open({ size, radius }) {
      const split = (from: number, count: number): Split => ({
        size: count,
        async read(indices) {
          const numbers = Array.from(indices, (i) => from + i);
          const images = new Uint8Array(numbers.length * SIDE * SIDE);
          numbers.forEach((number, n) => {
            images.set(drawn(number, radius), n * SIDE * SIDE);
          });
          return { images, labels: Float32Array.from(numbers.flatMap(placeOf)) };
        },
      });
      return {
        name: "blobs",
        imageShape: [SIDE, SIDE, 1],
        splits: {
          test: split(0, HELD_OUT),
          val: split(HELD_OUT, HELD_OUT),
          train: split(2 * HELD_OUT, size),
        },
        splitNote: "by number",
        labelNames: ["x", "y"],
        skipped: [],
        async close() {},
      };
    },
  });

export default blobs;

declare module "tfjs-vae" {
  interface DataParamsByName {
    blobs: ParamsOf<ReturnType<typeof blobs>> & DataCommon;
  }
}

/** The middle of blob `number`, in pixels: a Halton sequence, which spreads over the square. */
const placeOf = (number: number): [x: number, y: number] => [
  SIDE * (0.2 + 0.6 * halton(number + 1, 2)),
  SIDE * (0.2 + 0.6 * halton(number + 1, 3)),
];

function halton(index: number, base: number): number {
  let value = 0;
  for (let share = 1 / base, rest = index; rest > 0; rest = Math.floor(rest / base), share /= base)
    value += share * (rest % base);
  return value;
}

/** Blob `number`, packed [SIDE, SIDE], 0 to 255. */
function drawn(number: number, radius: number): Uint8Array {
  const [x, y] = placeOf(number);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, i) => {
    const distance = Math.hypot((i % SIDE) - x, Math.floor(i / SIDE) - y);
    return 255 * Math.exp(-0.5 * (distance / radius) ** 2);
  });
}
