import { expect, it } from "vitest";
import { indices, type LabelledMeans } from "../../src/metrics/labelled_means.ts";
import { sameFactorGroups, sameFactorPairs } from "../../src/metrics/same_factor.ts";
import { Rng } from "../../src/rng.ts";

/** Factors of 5 and 3 values, and one whose values are all different but for those of images 3 and 4. */
const count = 200;
const labels = Int32Array.from({ length: 3 * count }, (_, k) => {
  const i = Math.floor(k / 3);
  return [i % 5, Math.floor(i / 7) % 3, i === 4 ? 3 : i][k % 3]!;
});
const codes: LabelledMeans = { means: new Float32Array(count), dims: 1, labels, factors: 3, count };
const label = (row: number, factor: number) => labels[3 * row + factor]!;

it("groups have one factor the same, choose each factor and value, and are the same for a seed", () => {
  const groups = sameFactorGroups(codes, 600, 6, Rng.fromSeed(1));
  const seen = new Set<string>();
  for (const { factor, rows } of groups) {
    const values = new Set(rows.map((r) => label(r, factor)));
    expect(values.size).toBe(1);
    expect(rows).toHaveLength(6);
    seen.add(`${factor} ${[...values][0]}`);
  }
  expect([...seen].sort()).toEqual(["0 0", "0 1", "0 2", "0 3", "0 4", "1 0", "1 1", "1 2", "2 3"]);
  expect(sameFactorGroups(codes, 600, 6, Rng.fromSeed(1))).toEqual(groups);
});

it("pairs are two images with the same value, each pair its own; every pair is as likely", () => {
  const groups = sameFactorPairs(codes, 600, 20, Rng.fromSeed(1));
  const partners = new Map<number, number>();
  const wrong: unknown[] = [];
  for (const { factor, pairs } of groups) {
    for (const [a, b] of pairs) {
      if (a === b || label(a, factor) !== label(b, factor)) wrong.push([factor, a, b]);
      if (factor === 2 && a + b !== 7) wrong.push([factor, a, b]); // images 3 and 4
      if (factor === 0 && label(a, 0) === 0) partners.set(b, (partners.get(b) ?? 0) + 1);
    }
    if (factor < 2 && new Set(pairs.map(([a]) => label(a, factor))).size < 2) wrong.push(pairs);
  }
  expect(wrong).toEqual([]);
  // 600 groups / 3 factors x 20 pairs / 5 values, over 40 images: 20 each.
  const times = indices(40).map((k) => partners.get(5 * k) ?? 0);
  expect(Math.min(...times)).toBeGreaterThan(4);
  expect(Math.max(...times)).toBeLessThan(45);
  expect(sameFactorPairs(codes, 600, 20, Rng.fromSeed(1))).toEqual(groups);
});
