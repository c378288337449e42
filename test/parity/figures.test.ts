import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { getNetwork } from "../../src/features/index.ts";
import { neededEntries } from "../../src/features/weights.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { variances } from "../../src/metrics/active_units.ts";
import { betaVaeScore } from "../../src/metrics/beta_vae.ts";
import { accuracy, type Codes, factor } from "../../src/metrics/codes.ts";
import { dci, dciOfImportance } from "../../src/metrics/dci.ts";
import { factorVaeScore } from "../../src/metrics/factor_vae.ts";
import { frechetDistance, Moments } from "../../src/metrics/frechet.ts";
import { gradientBoosting } from "../../src/metrics/gradient_boosting.ts";
import { linearSvm } from "../../src/metrics/linear_svm.ts";
import { importanceWeighted } from "../../src/metrics/log_likelihood.ts";
import { logisticRegression } from "../../src/metrics/logistic_regression.ts";
import { type LpipsVariant, loadLpips } from "../../src/metrics/lpips.ts";
import { mutualInformationGap } from "../../src/metrics/mig.ts";
import type { Group } from "../../src/metrics/same_factor.ts";
import { separatedAttributePredictability } from "../../src/metrics/sap.ts";
import { peakSignalToNoise, squaredError } from "../../src/metrics/squared_error.ts";
import { multiScaleSsim, ssim } from "../../src/metrics/ssim.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { folder } from "../support/configs.ts";
import { formula } from "../support/formula.ts";
import { describeShared, shared } from "../support/shared.ts";

/** Made by figures.py with the packages that it names; the inputs below are made by the same formulas there. */
const golden = JSON.parse(readFileSync(new URL("figures.json", import.meta.url), "utf8"));

/** Smooth pictures, and the same with noise: [n, side, side, 3] each, in [0, 1]. */
function images(count: number, side: number, t: number): [Tensor4D, Tensor4D] {
  const shape: [number, number, number, number] = [count, side, side, 3];
  const noise = formula(count * side * side * 3, t);
  const clean = noise.map((_, k) => {
    const [c, j] = [k % 3, Math.floor(k / 3) % side];
    const [i, n] = [Math.floor(k / (3 * side)) % side, Math.floor(k / (3 * side * side))];
    return 0.5 + 0.3 * Math.sin(i / 5 + c) * Math.cos(j / 7 + n);
  });
  const noisy = clean.map((v, k) => {
    const n = Math.floor(k / (3 * side * side));
    return Math.min(1, Math.max(0, v + 0.15 * (n + 1) * (noise[k]! - 0.5)));
  });
  return [tf.tensor4d(Float32Array.from(clean), shape), tf.tensor4d(Float32Array.from(noisy), shape)];
}

/** Six dimensions of which some follow the three factors of 3, 4 and 2 values. */
function codes(count: number, t: number): Codes {
  const values = [3, 4, 2].map((k, f) => formula(count, t + f).map((u) => Math.floor(u * k)));
  const noise = formula(count * 6, t + 3);
  const [a, b, c] = values as [Float64Array, Float64Array, Float64Array];
  const signal = (i: number) => [a[i]!, 0.5 * b[i]! ** 2, a[i]! - b[i]!, 2 * c[i]!, 0, 0.3 * c[i]!];
  const means = noise.map((u, k) => signal(Math.floor(k / 6))[k % 6]! + 1.5 * (u - 0.5));
  const labels = Int32Array.from({ length: 3 * count }, (_, k) => values[k % 3]![Math.floor(k / 3)]!);
  return { means: Float32Array.from(means), dims: 6, labels, factors: 3, count };
}

/** Groups of rows with one factor the same. */
function groups(of: Codes, count: number, size: number, t: number): Group[] {
  const draws = formula(count * (size + 2), t);
  return Array.from({ length: count }, (_, g) => {
    const d = draws.subarray(g * (size + 2), (g + 1) * (size + 2));
    const f = Math.floor(d[0]! * of.factors);
    const labels = factor(of, f);
    const value = labels[Math.floor(d[1]! * of.count)]!;
    const rows = [...labels.keys()].filter((i) => labels[i] === value);
    return { factor: f, rows: [...d.subarray(2)].map((u) => rows[Math.floor(u * rows.length)]!) };
  });
}

const close = (got: ArrayLike<number>, expected: readonly number[], tolerance: number) => {
  expect(got.length).toBe(expected.length);
  for (const [i, e] of expected.entries())
    expect(Math.abs(got[i]! - e), `${i}: ${got[i]}`).toBeLessThan(tolerance);
};

describe.each(trainingBackends)("figures of pictures on %s", (backend) => {
  beforeAll(async () => void (await useBackend(backend)));

  it("squared error and PSNR are scikit-image's", () => {
    const mse = squaredError(...images(3, 64, 1)).dataSync();
    close(mse, golden.pictures.mse, 1e-7);
    close(Array.from(mse, peakSignalToNoise), golden.pictures.psnr, 1e-4);
  });

  it("SSIM is scikit-image's", () => {
    close(ssim(...images(3, 64, 1)).dataSync(), golden.pictures.ssim, 2e-5);
  });

  it("MS-SSIM is pytorch-msssim's, of as many scales as fit", () => {
    close(multiScaleSsim(...images(2, 64, 2)).dataSync(), golden.pictures.ms_ssim_64, 2e-5);
    close(multiScaleSsim(...images(2, 180, 2)).dataSync(), golden.pictures.ms_ssim_180, 2e-5);
  });
});

describeShared("data/lpips", "LPIPS with its real heads on a backbone of formula weights", () => {
  beforeAll(async () => void (await useBackend("auto")));

  it.each(["alex", "squeeze", "vgg"] as const)("%s is torchmetrics'", async (variant: LpipsVariant) => {
    const network = getNetwork({ alex: "alexnet", vgg: "vgg16", squeeze: "squeezenet1_1" }[variant]);
    const tensors = neededEntries(network, network.layers.length - 1).map(({ name, shape }, t) => {
      const count = shape.reduce((a, b) => a * b, 1);
      const scale = shape.length > 1 ? Math.sqrt(12) * Math.sqrt(2 / (count / shape[0]!)) : 0.1;
      return [name, { shape, data: Float32Array.from(formula(count, t), (u) => (u - 0.5) * scale) }] as const;
    });
    const baseDir = folder({ "backbone.safetensors": writeSafetensors(tensors) });
    const heads = join(shared, `data/lpips/${variant}.pth`);
    const files = { variant, backbone: "backbone.safetensors", heads, baseDir };
    const lpips = await loadLpips(files, [64, 64, 3]);
    const expected: number[] = golden.lpips[variant];
    const got = lpips.distance(...images(3, 64, 1)).dataSync();
    for (const [i, e] of expected.entries()) expect(Math.abs(got[i]! / e - 1)).toBeLessThan(1e-4);
    lpips.dispose();
  });
});

it("the Fréchet distance is scipy's, however the vectors come in", () => {
  const [a, b] = [new Moments(12), new Moments(12)];
  const va = formula(400 * 12, 20);
  const vb = formula(300 * 12, 21).map((v) => v ** 2 + 0.1);
  for (let i = 0; i < vb.length; i += 12) vb[i + 3]! += vb[i + 5]!;
  for (let i = 0; i < 400; i += 100) a.add(va.subarray(12 * i, 12 * (i + 100)));
  b.add(vb);
  expect(frechetDistance(a, b)).toBeCloseTo(golden.frechet, 8);
  expect(frechetDistance(a, a)).toBeLessThan(1e-8);
});

it("the importance-weighted bound is scipy's, far from 0 too", () => {
  const logWeights = formula(16, 32).map((u) => 1000 * u - 3000);
  expect(importanceWeighted(logWeights)).toBeCloseTo(golden.likelihood.importance_weighted, 8);
});

describe("figures of codes", () => {
  const [train, test] = [codes(800, 40), codes(400, 50)];
  const splits = { train, test };
  const rows = (c: Codes) => ({ data: c.means, dims: c.dims });

  it("the variances that count active units are numpy's", () => {
    close(variances(train.means, 6), golden.codes.variances, 1e-9);
  });

  it("a linear SVM and a logistic regression name the classes that scikit-learn's do", () => {
    for (const f of [0, 1, 2]) {
      const svm = linearSvm(rows(train), factor(train, f), { C: 1 })(rows(test));
      expect(accuracy(svm, golden.codes.linear_svm[f])).toBeGreaterThan(0.995);
      const logistic = logisticRegression(rows(train), factor(train, f))(rows(test));
      expect(accuracy(logistic, golden.codes.logistic_regression[f])).toBeGreaterThan(0.995);
    }
  });

  it("MIG is scikit-learn's mutual information in numpy's bins", () => {
    expect(mutualInformationGap(train)).toBeCloseTo(golden.codes.mig, 8);
  });

  it("SAP is that of scikit-learn's LinearSVC", () => {
    expect(Math.abs(separatedAttributePredictability(splits) - golden.codes.sap)).toBeLessThan(1e-3);
  });

  it("DCI is that of scikit-learn's GradientBoostingClassifier", () => {
    for (const f of [0, 1]) {
      const { importance } = gradientBoosting(rows(train), factor(train, f));
      close(importance, golden.codes.importance[f], 5e-3);
    }
    const { informativeness, ...scores } = dci(splits);
    expect(scores.disentanglement).toBeCloseTo(golden.codes.dci.disentanglement, 2);
    expect(scores.completeness).toBeCloseTo(golden.codes.dci.completeness, 2);
    expect(Math.abs(informativeness - golden.codes.dci.informativeness)).toBeLessThan(5e-3);
    const exact = dciOfImportance(golden.codes.importance);
    expect(exact.disentanglement).toBeCloseTo(golden.codes.dci.disentanglement, 8);
    expect(exact.completeness).toBeCloseTo(golden.codes.dci.completeness, 8);
  });

  it("the FactorVAE and beta-VAE scores are those of the same groups in numpy and scikit-learn", () => {
    const [votes, checks] = [groups(train, 300, 4, 60), groups(train, 200, 4, 61)];
    expect(factorVaeScore(train, votes, checks)).toBeCloseTo(golden.codes.factor_vae, 8);
    expect(betaVaeScore(train, votes, checks)).toBeCloseTo(golden.codes.beta_vae, 8);
  });
});
