import { DataError } from "../errors.ts";
import type { Rng } from "../rng.ts";
import type { Split } from "./dataset.ts";
import { drawn } from "./loader.ts";
import { range } from "./store.ts";

/**
 * Labels of `count` training images drawn by `rng`, packed [count, L]; of those whose columns have the values `given`, or
 * where there are none of any.
 */
export type DrawLabels = (count: number, rng: Rng, given?: ReadonlyMap<number, number>) => Float32Array;

/** Labels that are read of a split that can't give them without its images. */
const READ = 4096;

/**
 * What draws the labels of a split's examples, of its first `limit`, with repetition: whole rows of `width`, so that labels
 * come together as they do in the data.
 */
export async function labelRows(split: Split, width: number, limit = Infinity): Promise<DrawLabels> {
  const size = Math.min(split.size, limit);
  const rows = split.labels?.bind(split) ?? picker((await split.read(drawn(READ, size))).labels!, width);
  const count = split.labels === undefined ? Math.min(READ, size) : size;
  return (wanted, rng, given = new Map()) => {
    if (count === 0)
      throw new DataError("expected training images, whose labels samples take, got none. Take other data.");
    const fitting = given.size > 0 ? placesOf(given, rows(range(0, count)), width) : [];
    const chosen = rng.integerArray(wanted, fitting.length || count);
    return rows(fitting.length > 0 ? chosen.map((i) => fitting[i]!) : chosen);
  };
}

/** What takes rows of packed labels. */
const picker = (packed: Float32Array, width: number) => (places: ArrayLike<number>) => {
  const picked = new Float32Array(places.length * width);
  for (let i = 0; i < places.length; i++)
    picked.set(packed.subarray(places[i]! * width, (places[i]! + 1) * width), i * width);
  return picked;
};

/** The rows whose labels in these columns have these values. */
function placesOf(given: ReadonlyMap<number, number>, labels: Float32Array, width: number): number[] {
  const fits = (row: number) =>
    [...given].every(([column, value]) => labels[row * width + column] === Math.fround(value));
  return [...range(0, labels.length / width)].filter(fits);
}
