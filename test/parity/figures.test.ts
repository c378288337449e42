import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { getNetwork } from "../../src/features/registry.ts";
import { neededEntries } from "../../src/features/weights.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { frechetDistance, Moments } from "../../src/metrics/frechet.ts";
import { importanceWeighted } from "../../src/metrics/log_likelihood.ts";
import { loadLpips } from "../../src/metrics/lpips.ts";
import type { LpipsVariant } from "../../src/metrics/lpips_files.ts";
import { peakSignalToNoise, squaredError } from "../../src/metrics/squared_error.ts";
import { multiScaleSsim, ssim } from "../../src/models/losses/ssim.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { allBackends, compileQuickly } from "../support/backends.ts";
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

const close = (got: ArrayLike<number>, expected: readonly number[], tolerance: number) => {
  expect(got.length).toBe(expected.length);
  for (const [i, e] of expected.entries())
    expect(Math.abs(got[i]! - e), `${i}: ${got[i]}`).toBeLessThan(tolerance);
};

compileQuickly();

describe.each(allBackends)("figures of pictures on %s", (backend) => {
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
    const got = lpips.of(...images(3, 64, 1)).dataSync();
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
