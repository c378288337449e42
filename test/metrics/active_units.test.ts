import { expect, it } from "vitest";
import { activeOf, activeUnits, ColumnVariances, variances } from "../../src/metrics/active_units.ts";
import { Rng } from "../../src/rng.ts";

it("variances of batches one after another are those of all at once, also far from zero", () => {
  const dims = 5;
  const values = Rng.fromSeed(2)
    .normalArray(1003 * dims)
    .map((v, i) => v * (i % dims) * 0.1 + 100 * (i % dims));
  const running = new ColumnVariances(dims);
  for (const [from, to] of [
    [0, 1],
    [1, 65],
    [65, 1003],
  ] as const)
    running.add(values.subarray(from * dims, to * dims));
  const [found, whole] = [running.variances(), variances(values, dims)];
  for (let d = 0; d < dims; d++) expect(Math.abs(found[d]! - whole[d]!)).toBeLessThan(1e-9);
  expect(activeOf(found)).toBe(activeUnits(values, dims));
  running.add(new Float32Array(dims).fill(Number.NaN));
  expect(activeOf(running.variances())).toBeNaN();
});
