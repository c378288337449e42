import type { Rng } from "../rng.ts";
import { type Codes, factor, indices } from "./codes.ts";

/** A factor, and codes of images that have the same value of it: `rows` of a `Codes`. */
export interface Group {
  readonly factor: number;
  readonly rows: readonly number[];
}

/**
 * `count` groups of `size` codes, each of images with the same value of one factor, factor and value drawn at random.
 * disentanglement_lib draws new images for each group; here they come, with repetition, from those that the codes
 * were made of, so that any labelled data will do.
 */
export function sameFactorGroups(codes: Codes, count: number, size: number, rng: Rng): Group[] {
  const labels = indices(codes.factors).map((f) => factor(codes, f));
  const byValue = labels.map((of) => {
    const rows = new Map<number, number[]>();
    for (const [i, v] of of.entries()) {
      const found = rows.get(v);
      if (found) found.push(i);
      else rows.set(v, [i]);
    }
    return rows;
  });
  const varying = indices(codes.factors).filter((f) => byValue[f]!.size > 1);
  const draws = rng.uniformArray(count * (size + 2));
  return indices(count).map((g) => {
    const at = g * (size + 2);
    const pick = <T>(list: readonly T[], k: number) => list[Math.floor(draws[at + k]! * list.length)]!;
    const f = pick(varying, 0);
    const anchor = labels[f]![Math.floor(draws[at + 1]! * codes.count)]!;
    const rows = byValue[f]!.get(anchor)!;
    return { factor: f, rows: indices(size).map((k) => pick(rows, k + 2)) };
  });
}
