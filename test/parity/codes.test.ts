import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { variances } from "../../src/metrics/active_units.ts";
import { betaVaeScore } from "../../src/metrics/beta_vae_score.ts";
import { dci, dciOfImportance } from "../../src/metrics/dci.ts";
import { factorVaeScore } from "../../src/metrics/factor_vae_score.ts";
import { gradientBoosting } from "../../src/metrics/gradient_boosting.ts";
import { accuracy, factor, indices, type LabelledMeans } from "../../src/metrics/labelled_means.ts";
import { linearSvm } from "../../src/metrics/linear_svm.ts";
import { logisticRegression } from "../../src/metrics/logistic_regression.ts";
import { mutualInformationGap } from "../../src/metrics/mig.ts";
import {
  type Group,
  type PairedGroup,
  sameFactorGroups,
  sameFactorPairs,
} from "../../src/metrics/same_factor.ts";
import { separatedAttributePredictability } from "../../src/metrics/sap.ts";
import { Rng } from "../../src/rng.ts";
import { formula } from "../support/formula.ts";

/** Made by codes.py, which runs disentanglement_lib; the inputs below are made by the same formulas there. */
const golden = JSON.parse(readFileSync(new URL("codes.json", import.meta.url), "utf8"));
const rng = Rng.fromSeed(0);

/** Six dimensions of which some follow the three factors of 3, 4 and 2 values. */
function codes(count: number, t: number): LabelledMeans {
  const values = [3, 4, 2].map((k, f) => formula(count, t + f).map((u) => Math.floor(u * k)));
  const noise = formula(count * 6, t + 3);
  const [a, b, c] = values as [Float64Array, Float64Array, Float64Array];
  const signal = (i: number) => [a[i]!, 0.5 * b[i]! ** 2, a[i]! - b[i]!, 2 * c[i]!, 0, 0.3 * c[i]!];
  const means = noise.map((u, k) => signal(Math.floor(k / 6))[k % 6]! + 1.5 * (u - 0.5));
  const labels = Int32Array.from({ length: 3 * count }, (_, k) => values[k % 3]![Math.floor(k / 3)]!);
  return { means: Float32Array.from(means), dims: 6, labels, factors: 3, count };
}

/** The same images with other codes, `of` giving an image's from those that it has. */
function recoded(from: LabelledMeans, of: (z: Float32Array) => number[]): LabelledMeans {
  const rows = indices(from.count).map((i) => of(from.means.subarray(i * from.dims, (i + 1) * from.dims)));
  return { ...from, means: Float32Array.from(rows.flat()), dims: rows[0]!.length };
}

const rowsOf = (c: LabelledMeans) => ({ data: c.means, dims: c.dims });

const close = (got: ArrayLike<number>, expected: readonly number[], tolerance: number) => {
  expect(got.length).toBe(expected.length);
  for (const [i, e] of expected.entries())
    expect(Math.abs(got[i]! - e), `${i}: ${got[i]}, not ${e}`).toBeLessThanOrEqual(tolerance);
};

describe("disentanglement_lib's scores of fixed codes", () => {
  const [train, test] = [codes(800, 40), codes(400, 50)];
  const alone = (z: Float32Array) => [0, 0, z[0]!, 0, 0, 0];
  const collapsed = () => [0, 0, 0, 0, 0, 0];

  it("variances are numpy's", () => {
    close(variances(train.means, 6), golden.codes.variances, 1e-9);
  });

  it("MIG, of values on the edges of bins and of dimensions that don't vary too", () => {
    expect(mutualInformationGap(train)).toBeCloseTo(golden.codes.mig, 8);
    const whole = recoded(train, (z) => [...z].map((v) => Math.floor(Math.fround(7 * v))));
    expect(mutualInformationGap(whole)).toBeCloseTo(golden.codes.mig_of_whole_numbers, 8);
    expect(mutualInformationGap(recoded(train, alone))).toBeCloseTo(golden.codes.one_dimension.mig, 8);
    expect(mutualInformationGap(recoded(train, collapsed))).toBeCloseTo(golden.codes.collapsed.mig, 8);
  });

  it("SAP: a dimension that doesn't vary names the class that most images have", () => {
    const sap = (code: (z: Float32Array) => number[]) =>
      separatedAttributePredictability({ train: recoded(train, code), test: recoded(test, code) });
    close([sap((z) => [...z])], [golden.codes.sap], 1e-3);
    // Two classes have as many images each: which of them is named is a matter of rounding.
    close([sap(alone)], [golden.codes.one_dimension.sap], 0.01);
    close([sap(collapsed)], [golden.codes.collapsed.sap], 1e-3);
  });

  it("DCI", () => {
    for (const f of [0, 1, 2]) {
      const { importance } = gradientBoosting(rowsOf(train), factor(train, f), rng);
      close(importance, golden.codes.importance[f], 5e-3);
    }
    const compare = (code: (z: Float32Array) => number[], expected: Record<string, number>) => {
      const found = dci({ train: recoded(train, code), test: recoded(test, code) }, rng);
      const names = ["disentanglement", "completeness", "informativeness_test"];
      const got = [found.disentanglement, found.completeness, found.informativeness];
      close(
        got,
        names.map((name) => expected[name]!),
        5e-3,
      );
    };
    compare((z) => [...z], golden.codes.dci);
    compare(alone, golden.codes.one_dimension.dci);
    compare(collapsed, golden.codes.collapsed.dci);
    const exact = dciOfImportance(golden.codes.importance);
    close([exact.disentanglement, exact.completeness], golden.codes.of_importance, 1e-9);
  });

  it("DCI gives dimensions that carry the same the same share, as the library does on average", () => {
    const tripled = (z: Float32Array) => [1, 2, 4].flatMap((scale) => [...z].map((v) => scale * v));
    const some = {
      ...train,
      count: 300,
      means: train.means.subarray(0, 1800),
      labels: train.labels.subarray(0, 900),
    };
    const found = indices(3).map((f) => {
      const rows = rowsOf(recoded(some, tripled));
      return gradientBoosting(rows, factor(some, f), rng.fold(f)).importance;
    });
    const { importance, deviation } = golden.codes.tied;
    for (const f of indices(3)) {
      // The mean of 30 runs of the library's varies by this much.
      close(found[f]!, importance[f], 4 * (deviation / Math.sqrt(30)));
      for (const d of indices(6)) expect(found[f]![d + 6]).toBeCloseTo(found[f]![d]!, 2);
    }
    const scores = dciOfImportance(found);
    close(
      [scores.disentanglement, scores.completeness],
      [golden.codes.tied.disentanglement, golden.codes.tied.completeness],
      0.02,
    );
  });
});

/** 480 scenes, one for each combination of the values of three factors. */
const SIZES = [8, 10, 6] as const;
const valuesOf = (scene: number) => [Math.floor(scene / 60), Math.floor(scene / 6) % 10, scene % 6];
const sceneOf = ([a, b, c]: readonly number[]) => (a! * 10 + b!) * 6 + c!;

function scenes(dims: number, code: (scene: number) => number[]): LabelledMeans {
  const labels = Int32Array.from(indices(480).flatMap(valuesOf));
  return { means: Float32Array.from(indices(480).flatMap(code)), dims, labels, factors: 3, count: 480 };
}

/** Seven dimensions, most of which follow several factors. */
function entangled(): LabelledMeans {
  const noise = formula(480 * 7, 90);
  return scenes(7, (scene) => {
    const [a, b, c] = valuesOf(scene).map((v, f) => v / (SIZES[f]! - 1) - 0.5) as [number, number, number];
    const signal = [a + b + c, 2 * b - a, c + a - b, a + b, 0.5 * (b - c), 0 * a, 0.01 * a];
    const share = [2, 2.5, 2, 1.5, 2, 1, 0.01];
    return signal.map((s, d) => s + share[d]! * (noise[scene * 7 + d]! - 0.5));
  });
}

/** A dimension of variance 0.03 for each factor. */
const variance003 = (): LabelledMeans =>
  scenes(3, (scene) =>
    valuesOf(scene).map((v, f) => Math.sqrt(0.03) * (v / Math.sqrt((SIZES[f]! ** 2 - 1) / 12))),
  );

/** What codes.py's `Draws` and `Scenes` draw. */
function drawing(count: number, t: number) {
  const numbers = formula(count, t);
  let at = 0;
  const next = (limit: number) => Math.floor(numbers[at++]! * limit);
  return { next, scenes: (n: number) => indices(n).map(() => SIZES.map(next)) };
}

describe.each([
  ["entangled", entangled()],
  ["variance_003", variance003()],
])("disentanglement_lib's scores of groups of scenes, codes %s", (name, table) => {
  const expected = golden.scenes[name];

  it("FactorVAE of the same groups", () => {
    const { next, scenes } = drawing(500 * 25, 60);
    const groups = indices(500).map((): Group => {
      const f = next(3);
      const drawn = scenes(8);
      for (const values of drawn) values[f] = drawn[0]![f]!;
      return { factor: f, rows: drawn.map(sceneOf) };
    });
    const score = factorVaeScore(table, groups.slice(0, 300), groups.slice(300));
    expect(score).toBeCloseTo(expected.factor_vae_of_the_same_draws, 8);
  });

  it("beta-VAE of the same pairs", () => {
    const { next, scenes } = drawing(500 * 49, 61);
    const groups = indices(500).map((): PairedGroup => {
      const f = next(3);
      const [first, second] = [scenes(8), scenes(8)];
      for (const [i, values] of second.entries()) values[f] = first[i]![f]!;
      return { factor: f, pairs: first.map((values, i) => [sceneOf(values), sceneOf(second[i]!)]) };
    });
    const score = betaVaeScore(table, groups.slice(0, 300), groups.slice(300));
    expect(score).toBeCloseTo(expected.beta_vae_of_the_same_draws, 8);
  });

  it("both of groups that this project draws, by the library's settings", () => {
    const groups = (what: string, count: number) => sameFactorGroups(table, count, 64, rng.fold(what));
    const pairs = (what: string, count: number) => sameFactorPairs(table, count, 64, rng.fold(what));
    // Of 5,000 draws a share varies by 0.007.
    close([factorVaeScore(table, groups("a", 10_000), groups("b", 5_000))], [expected.factor_vae], 0.025);
    close([betaVaeScore(table, pairs("a", 10_000), pairs("b", 5_000))], [expected.beta_vae], 0.025);
  }, 60_000);
});

describe("classifiers name the classes that scikit-learn's do, trained to the end", () => {
  /** Latents of 5 classes whose dimensions have standard deviations from about 0.01 to 30. */
  function scaled(count: number, t: number) {
    const labels = Int32Array.from(formula(count, t), (u) => Math.floor(u * 5));
    const [noise, centers] = [formula(count * 8, t + 1), formula(5 * 8, 7)];
    const data = Float32Array.from(noise, (u, k) => {
      const center = centers[labels[Math.floor(k / 8)]! * 8 + (k % 8)]!;
      return (1.5 * center + 2 * u) * 0.02 * 3000 ** ((k % 8) / 7);
    });
    return { rows: { data, dims: 8 }, labels };
  }
  const ofCodes = (count: number, t: number, f: number) => {
    const made = codes(count, t);
    return { rows: rowsOf(made), labels: factor(made, f) };
  };
  const cases = [
    ...[0, 1, 2].map((f) => [`codes_${f}`, ofCodes(800, 40, f), ofCodes(400, 50, f)] as const),
    ["scaled", scaled(1000, 70), scaled(500, 80)] as const,
  ];

  it.each(cases)("%s", (name, train, test) => {
    const { svm, logistic, accuracy: expected } = golden.classifiers[name];
    const warnings: string[] = [];
    const warn = (text: string) => void warnings.push(text);
    const found = [
      linearSvm(train.rows, train.labels, { C: 1, warn })(test.rows),
      logisticRegression(train.rows, train.labels, { warn })(test.rows),
    ];
    expect(found).toEqual([svm, logistic]);
    close(
      found.map((names) => accuracy(names, test.labels)),
      expected,
      1e-9,
    );
    expect(warnings).toEqual([]);
  });
});
