import type { Rng } from "../rng.ts";
import type { Split } from "./dataset.ts";
import { type ImageStore, type LabelTable, splitOf } from "./store.ts";

/** Places of a published set without splits of its own, each ascending. */
export interface HeldOut {
  readonly train: Int32Array;
  readonly val: Int32Array;
  readonly test: Int32Array;
}

/**
 * Places drawn from `count`: `held` each for test and validation, then `size` for training (all others where that is
 * undefined), so that test and validation are the same at every size.
 */
export function holdOut(count: number, held: number, size: number | undefined, rng: Rng): HeldOut {
  const order = rng.permutation(count);
  const part = (from: number, to?: number) => order.slice(from, to).sort();
  const end = size === undefined ? undefined : 2 * held + size;
  return { test: part(0, held), val: part(held, 2 * held), train: part(2 * held, end) };
}

/** All places of the three, ascending: those that are packed. */
export const placesOf = ({ train, val, test }: HeldOut): Int32Array =>
  Int32Array.from([...train, ...val, ...test]).sort();

/** The splits of images that are packed in the order of `places`, whose labels are those of the whole set. */
export function splitsOf(
  packed: ImageStore,
  places: Int32Array,
  parts: HeldOut,
  labels: LabelTable | undefined,
): { train: Split; val: Split; test: Split } {
  const rowOf = new Int32Array((places.at(-1) ?? -1) + 1);
  places.forEach((place, row) => {
    rowOf[place] = row;
  });
  const table = labels && picked(labels, places);
  const split = (of: Int32Array) =>
    splitOf(
      packed,
      of.map((place) => rowOf[place]!),
      table,
    );
  return { train: split(parts.train), val: split(parts.val), test: split(parts.test) };
}

function picked({ values, width }: LabelTable, places: Int32Array): LabelTable {
  const rows = new Float32Array(places.length * width);
  places.forEach((place, row) => {
    rows.set(values.subarray(place * width, (place + 1) * width), row * width);
  });
  return { values: rows, width };
}

/** As `holdOut`, by shares of all; with two images or more and a share for it, validation has one. */
export function holdOutShares(
  count: number,
  shares: { readonly val: number; readonly test: number },
  rng: Rng,
): HeldOut {
  const order = rng.permutation(count);
  const val = shares.val > 0 && count > 1 ? Math.max(1, Math.round(shares.val * count)) : 0;
  const test = Math.min(count - 1 - val, Math.round(shares.test * count));
  const part = (from: number, to?: number) => order.slice(from, to).sort();
  return { test: part(0, test), val: part(test, test + val), train: part(test + val) };
}
