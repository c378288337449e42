import type { Rng } from "../rng.ts";
import { factor, indices, type LabelledMeans } from "./labelled_means.ts";

/** disentanglement_lib's: groups to learn by and to judge by, images or pairs of each. */
export const GROUPS = 10_000;
export const CHECKS = 5_000;
export const GROUP = 64;

/** A factor, and images that have the same value of it: rows of a `LabelledMeans`. */
export interface Group {
  readonly factor: number;
  readonly rows: readonly number[];
}

/** A factor, and pairs of images; the two of a pair have the same value of it, of which each pair has its own. */
export interface PairedGroup {
  readonly factor: number;
  readonly pairs: readonly (readonly [number, number])[];
}

/**
 * `count` groups of `size` images for the FactorVAE score: factor and value drawn at random, then the images among those
 * that have the value, with repetition.
 *
 * disentanglement_lib makes new images for each group; here they are those that the means are of, so that any
 * labelled images will do. Values that a single image has are never drawn: nothing could vary.
 */
export function sameFactorGroups(latents: LabelledMeans, count: number, size: number, rng: Rng): Group[] {
  const factors = indices(latents.factors).map((f) => sharedValues(latents, f));
  const draws = rng.uniformArray(count * (size + 2));
  return indices(count).map((g) => {
    const at = g * (size + 2);
    const f = Math.floor(draws[at]! * latents.factors);
    const { rowsWith, shared } = factors[f]!;
    const rows = rowsWith(pick(shared, draws[at + 1]!));
    return { factor: f, rows: indices(size).map((k) => pick(rows, draws[at + 2 + k]!)) };
  });
}

/**
 * `count` groups of `size` pairs for the beta-VAE score: the factor drawn at random, then of each pair an image, and
 * another one of those that have its value. As `sameFactorGroups` otherwise.
 */
export function sameFactorPairs(
  latents: LabelledMeans,
  count: number,
  size: number,
  rng: Rng,
): PairedGroup[] {
  const factors = indices(latents.factors).map((f) => sharedValues(latents, f));
  const draws = rng.uniformArray(count * (2 * size + 1));
  return indices(count).map((g) => {
    const at = g * (2 * size + 1);
    const f = Math.floor(draws[at]! * latents.factors);
    const { rowsWith, shared } = factors[f]!;
    const pairs = indices(size).map((k) => {
      const first = pick(shared, draws[at + 1 + 2 * k]!);
      const rows = rowsWith(first);
      const place = Math.floor(draws[at + 2 + 2 * k]! * (rows.length - 1));
      // The first one's place is taken by the last: each of the others is as likely.
      const second = rows[place] === first ? rows.at(-1)! : rows[place]!;
      return [first, second] as const;
    });
    return { factor: f, pairs };
  });
}

const pick = <T>(list: readonly T[], draw: number): T => list[Math.floor(draw * list.length)]!;

/** The rows whose value of a factor others have too, and the rows that have the value of one of them. */
function sharedValues(latents: LabelledMeans, f: number) {
  const labels = factor(latents, f);
  const byValue = new Map<number, number[]>();
  for (const [i, v] of labels.entries()) {
    const found = byValue.get(v);
    if (found) found.push(i);
    else byValue.set(v, [i]);
  }
  const rowsWith = (row: number): readonly number[] => byValue.get(labels[row]!)!;
  return { rowsWith, shared: indices(latents.count).filter((row) => rowsWith(row).length > 1) };
}
