import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { EvaluationContext, type EvaluationOptions } from "../../../src/experiment/evaluation/context.ts";
import { importancePass } from "../../../src/experiment/evaluation/importance_pass.ts";
import { posteriorSums } from "../../../src/experiment/evaluation/posterior_pass.ts";
import type { OpenRun } from "../../../src/experiment/trained/open_trained.ts";
import { gaussian } from "../../../src/metrics/likelihood.ts";
import { drawCategories } from "../../../src/models/blocks/gumbel.ts";
import { reparameterize } from "../../../src/models/gaussian.ts";
import { logSumExp } from "../../../src/models/losses/log_sum_exp.ts";
import { getModel } from "../../../src/models/registry.ts";
import type { VAE } from "../../../src/models/vae.ts";
import { type Tensor2D, tf } from "../../../src/tf.ts";
import { formula } from "../../support/formula.ts";

const golden = JSON.parse(readFileSync(new URL("../../parity/figures.json", import.meta.url), "utf8"));

beforeAll(async () => void (await useBackend("cpu")));

/** z ~ N(0, I), x = W z + noise of sigma 0.3, whose posterior is known and has a diagonal covariance. */
function linearGaussian(): OpenRun {
  const sigma = 0.3;
  const [a, b, c, d] = [...formula(4, 30)].map((u) => 2 * u - 1) as [number, number, number, number];
  const w = tf.tensor2d([a, 0, b, 0, 0, c, 0, d], [4, 2]);
  const precision = [a * a + b * b, c * c + d * d].map((s) => 1 + s / sigma ** 2);
  const vae: Pick<VAE, "encode" | "decode"> = {
    encode(images, ctx) {
      const x = tf.reshape(images, [-1, 4]);
      const mean = tf.div<Tensor2D>(
        tf.matMul(x, w),
        precision.map((p) => p * sigma ** 2),
      );
      const logVar = tf.mul<Tensor2D>(
        tf.ones(mean.shape),
        precision.map((p) => -Math.log(p)),
      );
      return {
        posterior: { z: { kind: "gaussian", mean, logVar } },
        z: { z: reparameterize(mean, logVar, ctx) },
      };
    },
    decode: ({ z }) => tf.reshape(tf.matMul(z as Tensor2D, w, false, true), [-1, 2, 2, 1]),
  };
  return runOf(vae, Float32Array.from(formula(20, 31)));
}

/** A categorical z of two variables of three values each, x = W z + noise; and what it is exactly. */
function categorical() {
  const w = tf.tensor2d([...formula(24, 32)], [6, 4]);
  const logits = tf.tensor3d(
    Float32Array.from(formula(6, 33), (u) => 2 * u),
    [1, 2, 3],
  );
  const vae: Pick<VAE, "encode" | "decode"> = {
    encode(images, ctx) {
      const q = tf.tile(logits, [images.shape[0], 1, 1]);
      return {
        posterior: { z: { kind: "categorical", logits: q } },
        z: { z: drawCategories(q, ctx, () => 1) },
      };
    },
    decode: ({ z }) => tf.reshape(tf.matMul(tf.reshape(z!, [-1, 6]), w), [-1, 2, 2, 1]),
  };
  const values = [0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => [a, b] as const));
  const [q, columns] = [logits.arraySync()[0]!, w.arraySync()];
  const shares = values.map((at) =>
    at.reduce(
      (share, k, n) => (share * Math.exp(q[n]![k]!)) / q[n]!.reduce((sum, l) => sum + Math.exp(l), 0),
      1,
    ),
  );
  const decoded = values.map(([a, b]) => columns[a]!.map((v, i) => v + columns[3 + b]![i]!));
  return { run: runOf(vae, Float32Array.from(formula(20, 31))), shares, decoded };
}

function runOf(vae: Pick<VAE, "encode" | "decode">, images: Float32Array): OpenRun {
  const shape = [5, 2, 2, 1] as const;
  async function* batches() {
    yield { images, shape, indices: Int32Array.of(0, 1, 2, 3, 4) };
  }
  const loader = async () => ({ batches });
  const config = {
    model_params: { name: "VanillaVAE", sigma: 0.3 },
    exp_params: { reconstruction: "elbo" },
    trainer_params: {},
  };
  const given = { model: getModel("VanillaVAE"), config, imageRange: [0, 1], imageShape: [2, 2, 1] };
  return { ...given, vae, state: { step: 0 }, loader } as unknown as OpenRun;
}

/**
 * z2 ~ N(0, 1), z1 = A z2 + noise of deviation S, x = z1 w + noise of sigma 0.3: both posteriors are known, z1's given z2
 * and in the coordinates of its prior. `narrow` is a factor on the deviation of q(z2 | x).
 */
function twoLevels(narrow = 1) {
  const [sigma, A, S] = [0.3, 1.5, 0.7];
  const w = [...formula(4, 40)].map((u) => 2 * u - 1);
  const size = w.reduce((sum, v) => sum + v * v, 0);
  const perPixel = sigma ** 2 / size; // variance of w x / |w|^2 given z1
  const encode: VAE["encode"] = (images, ctx) => {
    const t = tf.div(tf.matMul(tf.reshape(images, [-1, 4]) as Tensor2D, tf.tensor2d(w, [4, 1])), size);
    const precision2 = 1 + A ** 2 / (S ** 2 + perPixel);
    const mean2 = tf.mul<Tensor2D>(t, A / (S ** 2 + perPixel) / precision2);
    const logVar2 = tf.fill(mean2.shape, -Math.log(precision2) + 2 * Math.log(narrow)) as Tensor2D;
    const z2 = reparameterize(mean2, logVar2, ctx);
    const precision1 = 1 / S ** 2 + 1 / perPixel;
    const mean1 = tf.div(tf.add(tf.mul(z2, A / S ** 2), tf.div(t, perPixel)), precision1);
    const mean = tf.div<Tensor2D>(tf.sub(mean1, tf.mul(z2, A)), S);
    const logVar = tf.fill(mean2.shape, -Math.log(precision1 * S ** 2)) as Tensor2D;
    const z1 = reparameterize(mean, logVar, { ...ctx, rng: ctx.rng.fold("z1") });
    return {
      posterior: {
        z2: { kind: "gaussian", mean: mean2, logVar: logVar2 },
        z1: { kind: "gaussian", mean, logVar },
      },
      z: { z2, z1 },
    };
  };
  const decode: VAE["decode"] = ({ z2, z1 }) =>
    tf.reshape(
      tf.matMul(tf.add<Tensor2D>(tf.mul(z2!, A), tf.mul(z1!, S)), tf.tensor2d(w, [1, 4])),
      [-1, 2, 2, 1],
    );
  const images = Float32Array.from(formula(20, 31));
  // x is Gaussian with covariance sigma^2 I + v w w', v the variance of z1.
  const v = A ** 2 + S ** 2;
  const logDensity = (x: Float32Array) => {
    const dot = x.reduce((sum, value, i) => sum + value * w[i]!, 0);
    const square = x.reduce((sum, value) => sum + value * value, 0);
    const quadratic = (square - (v * dot ** 2) / (sigma ** 2 + v * size)) / sigma ** 2;
    const logDeterminant = 8 * Math.log(sigma) + Math.log1p((v * size) / sigma ** 2);
    return -0.5 * (4 * Math.log(2 * Math.PI) + logDeterminant + quadratic);
  };
  const all = [0, 1, 2, 3, 4].map((n) => logDensity(images.subarray(4 * n, 4 * n + 4)));
  return { vae: { encode, decode }, images, exact: all.reduce((a, b) => a + b) / all.length };
}

describe("the importance-weighted bound", () => {
  const bound = async (draws: number, sigma: number, run = linearGaussian()) => {
    const options = { split: "test", maxImages: 5, seed: 3, draws } as EvaluationOptions;
    const context = new EvaluationContext(run, options);
    return (await importancePass(context, [gaussian(sigma, "")]))[0]!;
  };
  const exact: number[] = golden.likelihood.linear_gaussian;
  const mean = exact.reduce((a, b) => a + b) / exact.length;

  it("is scipy's log p(x) at any number of draws where the posterior is exact", async () => {
    for (const draws of [1, 7]) expect(await bound(draws, 0.3)).toBeCloseTo(mean, 4);
  });

  it("rises with the draws where the posterior is not", async () => {
    const [few, many] = [await bound(1, 0.5), await bound(300, 0.5)];
    expect(many).toBeGreaterThan(few);
  });

  it("of hierarchical latents is log p(x) too where both posteriors are exact, and near it with many draws else", async () => {
    const { vae, images, exact } = twoLevels();
    for (const draws of [1, 7]) expect(await bound(draws, 0.3, runOf(vae, images))).toBeCloseTo(exact, 4);
    const wide = runOf(twoLevels(1.5).vae, images);
    const [few, many] = [await bound(1, 0.3, wide), await bound(300, 0.3, wide)];
    expect(Math.abs(many - exact)).toBeLessThan(0.1);
    expect(Math.abs(few - exact)).toBeGreaterThan(Math.abs(many - exact));
  });
});

describe("of a categorical posterior", () => {
  const { run, shares, decoded } = categorical();
  const images = Array.from({ length: 5 }, (_, n) => [...formula(20, 31).subarray(4 * n, 4 * n + 4)]);
  const options = { split: "test", maxImages: 5, seed: 3, draws: 3000 } as EvaluationOptions;
  /** Of each image and z, log N(x; decoded, 0.3^2 I). */
  const logDensities = images.map((x) =>
    decoded.map((mean) => {
      const squares = x.reduce((sum, v, i) => sum + (Math.fround(v) - mean[i]!) ** 2, 0);
      return -squares / (2 * 0.3 ** 2) - 4 * Math.log(0.3 * Math.sqrt(2 * Math.PI));
    }),
  );
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;

  it("the bound comes to log p(x), the sum over all values of z under the uniform prior", async () => {
    const exact = mean(logDensities.map((all) => logSumExp(all) - Math.log(9)));
    const [bound] = await importancePass(new EvaluationContext(run, options), [gaussian(0.3, "")]);
    const dequantized = gaussian(0.3, "")
      .logDensity(tf.zeros([1, 2, 2, 1]), tf.zeros([1, 2, 2, 1]))
      .dataSync()[0]!;
    const without = -4 * Math.log(0.3 * Math.sqrt(2 * Math.PI));
    expect(Math.abs(bound! - (exact + dequantized - without))).toBeLessThan(0.1);
  });

  it("the KL is the sum over all values of z, of each variable too, and the means are its probabilities", async () => {
    const { kl, klPerDimension, means, dims, widths } = await posteriorSums(
      new EvaluationContext(run, options),
    );
    const exact = shares.reduce((sum, p) => sum + p * Math.log(9 * p), 0);
    expect(kl).toBeCloseTo(exact, 5);
    expect(klPerDimension).toHaveLength(2);
    expect(klPerDimension[0]! + klPerDimension[1]!).toBeCloseTo(exact, 5);
    expect([dims, widths]).toEqual([6, [3, 3]]);
    const first = [0, 1, 2].map((a) => shares.slice(3 * a, 3 * a + 3).reduce((x, y) => x + y));
    for (const [k, p] of first.entries()) expect(means[k]).toBeCloseTo(p, 5);
  });
});
