import { expect, it } from "vitest";
import type { Codes } from "../../src/metrics/codes.ts";
import { sameFactorGroups } from "../../src/metrics/same_factor.ts";
import { Rng } from "../../src/rng.ts";

it("groups have one factor the same, choose each factor and value, and are the same for a seed", () => {
  const count = 200;
  const labels = Int32Array.from({ length: 3 * count }, (_, k) => [k % 5, Math.floor(k / 7) % 3, 4][k % 3]!);
  const codes: Codes = { means: new Float32Array(count), dims: 1, labels, factors: 3, count };
  const groups = sameFactorGroups(codes, 400, 6, Rng.fromSeed(1));
  const seen = new Set<string>();
  for (const { factor, rows } of groups) {
    const values = new Set(rows.map((r) => labels[3 * r + factor]));
    expect(values.size).toBe(1);
    expect(rows).toHaveLength(6);
    seen.add(`${factor} ${[...values][0]}`);
  }
  expect(
    [...seen]
      .map((s) => s[0])
      .sort()
      .join(""),
  ).toMatch(/^0+1+$/); // the third never changes
  expect(seen.size).toBe(new Set(labels.filter((_, k) => k % 3 === 0)).size + 3);
  expect(sameFactorGroups(codes, 400, 6, Rng.fromSeed(1))).toEqual(groups);
});
