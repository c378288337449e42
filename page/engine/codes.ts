import type { Model } from "../../src/browser/model.ts";

/** The codes of a model whose z is a grid of them, those that validation images have. */
export interface Codes {
  readonly height: number;
  readonly width: number;
  /** Numbers of one code. */
  readonly size: number;
  /** Their numbers in the codebook, the most frequent first. */
  readonly numbers: readonly number[];
  /** Packed [codes, size], in that order. */
  readonly vectors: Float32Array;
}

/** undefined where z is no grid of codes. */
export function codesOf(model: Model): Codes | undefined {
  const found = model.codes();
  if (found === undefined) return undefined;
  const [count, height, width] = found.shape as [number, number, number];
  const size = model.card.layout.size / (height * width);
  const places = model.places();
  const seen = new Map<number, { times: number; at: number }>();
  for (let i = 0; i < count * height * width; i++) {
    const own = seen.get(found.data[i]!);
    if (own) own.times++;
    else seen.set(found.data[i]!, { times: 1, at: i * size });
  }
  const sorted = [...seen].sort(([, a], [, b]) => b.times - a.times);
  const vectors = new Float32Array(sorted.length * size);
  sorted.forEach(([, { at }], k) => {
    vectors.set(places.subarray(at, at + size), k * size);
  });
  return { height, width, size, numbers: sorted.map(([number]) => number), vectors };
}

/** The mean of each place's codes, packed [N, size], and how many numbers those are. */
export function meanCodes(places: Float32Array, { height, width, size }: Codes): [Float32Array, number] {
  const cells = height * width;
  const means = new Float32Array(places.length / cells);
  for (let i = 0; i < places.length; i++)
    means[Math.floor(i / (cells * size)) * size + (i % size)]! += places[i]! / cells;
  return [means, size];
}

/** The nearest of the codes at each cell of a place, [h w], by their order. */
export function nearestCodes(
  place: Float32Array,
  { height, width, size, numbers, vectors }: Codes,
): Int32Array {
  return Int32Array.from({ length: height * width }, (_, cell) => {
    let [best, distance] = [0, Infinity];
    for (let k = 0; k < numbers.length && distance > 0; k++) {
      let d = 0;
      for (let i = 0; i < size && d < distance; i++)
        d += (place[cell * size + i]! - vectors[k * size + i]!) ** 2;
      if (d < distance) [best, distance] = [k, d];
    }
    return best;
  });
}
