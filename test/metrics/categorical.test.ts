import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { activeUnits } from "../../src/metrics/active_units.ts";
import { dci } from "../../src/metrics/dci.ts";
import { factorVaeScore } from "../../src/metrics/factor_vae_score.ts";
import type { LabelledMeans } from "../../src/metrics/labelled_means.ts";
import { mutualInformationGap } from "../../src/metrics/mig.ts";
import { separatedAttributePredictability } from "../../src/metrics/sap.ts";
import { Rng } from "../../src/rng.ts";

/** Two factors of 4 and 3 values: a categorical variable has the first, shuffled among its values, a number the second. */
const COUNT = 240;
const labels = Int32Array.from(
  { length: 2 * COUNT },
  (_, i) => [Math.floor(i / 2) % 4, Math.floor(i / 8) % 3][i % 2]!,
);
const ORDER = [2, 0, 3, 1];
const row = (n: number) => [
  ...[0, 1, 2, 3].map((k) => (k === ORDER[labels[2 * n]!] ? 0.97 : 0.01)),
  labels[2 * n + 1]! / 2,
];
const means = Float32Array.from(Array.from({ length: COUNT }, (_, n) => row(n)).flat());
const together: LabelledMeans = { means, dims: 5, widths: [4, 1], labels, factors: 2, count: COUNT };
const apart: LabelledMeans = { means, dims: 5, labels, factors: 2, count: COUNT };

beforeAll(() => useBackend("cpu"));

describe("a categorical variable is one unit of z", () => {
  it("whose most probable value has all of a factor: MIG is 1, and less of its values one by one", () => {
    expect(mutualInformationGap(together)).toBeCloseTo(1, 6);
    expect(mutualInformationGap(apart)).toBeLessThan(0.6);
  });

  it("which alone matters to it: SAP and DCI likewise", () => {
    const sap = (m: LabelledMeans) => separatedAttributePredictability({ train: m, test: m });
    expect(sap(together)).toBeGreaterThan(sap(apart));
    const of = (m: LabelledMeans) => dci({ train: m, test: m }, Rng.fromSeed(1));
    expect(of(together).disentanglement).toBeCloseTo(1, 3);
    expect(of(together).completeness).toBeCloseTo(1, 3);
    expect(of(apart).completeness).toBeLessThan(0.9);
  });

  it("which varies as its probabilities do: it votes for its factor, and is one active unit", () => {
    const groups = [0, 1].flatMap((factor) =>
      Array.from({ length: 20 }, (_, g) => {
        const rows = Array.from({ length: COUNT }, (_, n) => n);
        const value = labels[2 * g + factor];
        return { factor, rows: rows.filter((n) => labels[2 * n + factor] === value) };
      }),
    );
    expect(factorVaeScore(together, groups, groups)).toBe(1);
    expect(activeUnits(means, 5, [4, 1])).toBe(2);
    expect(activeUnits(means, 5)).toBe(5);
    const dead = means.map((v, i) => (i % 5 < 4 ? 0.25 : v));
    expect(activeUnits(dead, 5, [4, 1])).toBe(1);
  });
});
