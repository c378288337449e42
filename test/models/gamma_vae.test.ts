import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { dimensionsByActivity } from "../../src/explore/dimensions.ts";
import { encodeImages } from "../../src/explore/latents.ts";
import { traversed } from "../../src/explore/traverse.ts";
import { drawGamma, rejectionCorrection } from "../../src/models/blocks/gamma_draw.ts";
import { newCtx } from "../../src/models/ctx.ts";
import GammaVAE from "../../src/models/gamma_vae.ts";
import {
  gammaQuantile,
  klOfGammas,
  logGammaDensity,
  logGammaDensityOf,
} from "../../src/models/losses/gamma_density.ts";
import { densePosterior } from "../../src/models/posteriors.ts";
import { Rng } from "../../src/rng.ts";
import { type Scalar, type Tensor1D, type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build, maxDifference } from "../support/models.ts";

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b) / values.length;
/** The standard error of a mean. */
function errorOf(values: ArrayLike<number>): number {
  const m = mean(values);
  return Math.sqrt(mean(Array.from(values, (v) => (v - m) ** 2)) / values.length);
}
/** The share of `values` at most `x`. */
const share = (values: ArrayLike<number>, x: number) => mean(Array.from(values, (v) => (v <= x ? 1 : 0)));
const COUNT = 20_000;
const still = (seed = 1) => newCtx({ training: false, rng: Rng.fromSeed(seed) });
const SMALL = { latent_dim: 3, hidden_dims: [4, 8] };

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it.each([
    [0.05, 1, 1],
    [0.4, 2, 8],
    [2, 1, 0],
    [2, 0.5, 8],
    [40, 3, 1],
  ])("draws Gamma(%f, %f) where the shape is raised by %i: its quantiles", (shape, rate, augmentation) => {
    const q = { shape: tf.fill([COUNT, 1], shape), rate: tf.fill([COUNT, 1], rate) } as never;
    const { z } = drawGamma(q, augmentation, Rng.fromSeed(3));
    const values = z.dataSync();
    for (const p of [0.01, 0.1, 0.5, 0.9, 0.99]) {
      if (gammaQuantile(p, { shape, rate }) < 1e-29) continue; // float32 has no such z
      const found = share(values, gammaQuantile(p, { shape, rate }));
      expect(Math.abs(found - p), `${p}`).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / COUNT));
    }
    expect(Math.abs(mean(values) - shape / rate)).toBeLessThan(4 * errorOf(values));
    expect(Math.min(...values)).toBeGreaterThan(0);
  });

  it.each([
    [1, 0],
    [0.5, 8],
  ])(
    "has the gradient of an expectation, which that through z alone is not: shape %f raised by %i",
    (a, augmentation) => {
      const b = 2;
      // E exp(-4 z) = (b / (b + 4))^a
      const exact = [Math.log(b / (b + 4)) * (b / (b + 4)) ** a, 4 * a * b ** (a - 1) * (b + 4) ** (-a - 1)];
      const gradients = (corrected: boolean) => {
        const loss = (shape: Tensor2D, rate: Tensor2D) => {
          const { z, logWeight } = drawGamma({ shape, rate }, augmentation, Rng.fromSeed(5));
          const costs = tf.reshape(tf.exp(tf.mul(-4, z)), [COUNT]) as Tensor1D;
          const term = tf.mean<Scalar>(costs);
          return corrected ? tf.add<Scalar>(term, rejectionCorrection(costs, logWeight)) : term;
        };
        const inputs = [tf.fill([COUNT, 1], a), tf.fill([COUNT, 1], b)] as Tensor2D[];
        return tf
          .grads(loss as never)(inputs)
          .map((g) => {
            const each = tf.mul(g, COUNT).dataSync();
            return { value: mean(each), error: errorOf(each) };
          });
      };
      for (const [i, { value, error }] of gradients(true).entries())
        expect(Math.abs(value - exact[i]!)).toBeLessThan(4 * error);
      const [{ value, error }] = gradients(false) as [{ value: number; error: number }];
      if (augmentation === 0) expect(Math.abs(value - exact[0]!)).toBeGreaterThan(8 * error);
    },
  );

  it("takes off each cost what the others cost, which is no part of the gradient's expectation", () => {
    const weights = tf.tensor1d([0.1, -0.3, 0.5]);
    const gradient = (costs: number[]) =>
      tf
        .grad((w) => rejectionCorrection(tf.tensor1d(costs), w as Tensor1D))(weights)
        .dataSync();
    expect(maxDifference(gradient([1, 5, 3]), gradient([1001, 1005, 1003]))).toBeLessThan(1e-6);
    expect(maxDifference(gradient([1, 5, 3]), [-1, 1, 0])).toBeLessThan(1e-6);
    expect(rejectionCorrection(tf.tensor1d([1, 5, 3]), weights).dataSync()[0]).toBe(0);
  });

  it("has the KL that draws of its densities have, 0 where both are one", () => {
    const prior = { shape: 2, rate: 1 };
    const q = { shape: tf.fill([COUNT, 1], 0.7), rate: tf.fill([COUNT, 1], 1.8) } as never;
    const { z } = drawGamma(q, 8, Rng.fromSeed(4));
    const ratios = tf.sub(logGammaDensity(z, q), logGammaDensityOf(z, prior)).dataSync();
    const exact = klOfGammas(q, prior).dataSync()[0]!;
    expect(Math.abs(mean(ratios) - exact)).toBeLessThan(4 * errorOf(ratios));
    expect(exact).toBeGreaterThan(0.1);
    const same = klOfGammas({ shape: tf.tensor1d([2]), rate: tf.tensor1d([1]) }, prior);
    expect(Math.abs(same.dataSync()[0]!)).toBeLessThan(2e-6);
  });

  it("encodes positive latents, reconstructs from their mean, and its KL is that of its posterior", async () => {
    const vae = await build(GammaVAE, SMALL);
    const images = Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]);
    const { posterior, z } = vae.encode(images, still());
    expect(Math.min(...z.z!.dataSync())).toBeGreaterThan(0);
    const q = densePosterior(posterior.z)!;
    const kl = tf.mean(tf.sum(q.kl(), 1)).dataSync()[0]!;
    expect(lossOf(vae, images, Rng.fromSeed(1)).kl).toBeCloseTo(kl, 5);
    const decoded = vae.decode({ z: q.mean }, still()).dataSync();
    expect(maxDifference(vae.reconstruct(images, still()).dataSync(), decoded)).toBeLessThan(1e-6);
    const draws = Array.from({ length: 400 }, (_, k) => q.draw(Rng.fromSeed(k)).z.dataSync()[0]!);
    expect(Math.abs(mean(draws) - q.mean.dataSync()[0]!)).toBeLessThan(4 * errorOf(draws));
    const deviation = errorOf(draws) * Math.sqrt(draws.length);
    expect(deviation / q.deviation().dataSync()[0]!).toBeGreaterThan(0.8);
    expect(deviation / q.deviation().dataSync()[0]!).toBeLessThan(1.25);
  });

  it("has its prior's density, and explorers take its dimensions by their KL over the prior's range", async () => {
    const vae = await build(GammaVAE, { ...SMALL, prior_shape: 3, prior_rate: 2 });
    const of = (value: number) => tf.fill([5, 3], value);
    const prior = { kind: "gamma", shape: of(3), rate: of(2), prior: { shape: 3, rate: 2 } } as const;
    const { z } = densePosterior(prior)!.draw(Rng.fromSeed(1));
    const own = tf.sum(densePosterior(prior)!.logDensity(z), 1).dataSync();
    expect(maxDifference(vae.logPrior!({ z }, still()).dataSync(), own)).toBeLessThan(1e-5);
    const pictures = Rng.fromSeed(7).uniformArray(4 * 32 * 32 * 3);
    const latents = await encodeImages(vae, { images: pictures, shape: [4, 32, 32, 3] }, Rng.fromSeed(1));
    const q = densePosterior(vae.encode(tf.tensor4d(pictures, [4, 32, 32, 3]), still()).posterior.z)!;
    const kls = tf.mean(q.kl(), 0).dataSync();
    for (const { index, kl } of dimensionsByActivity(latents)!) expect(kl).toBeCloseTo(kls[index]!, 5);
    expect(maxDifference(latents.dense!.deviation, q.deviation().dataSync())).toBeLessThan(1e-5);
    expect(latents.logVar).toBeUndefined(); // no sampler of Gaussian codes takes it
    const [low, high] = traversed(vae);
    const within = share(densePosterior(prior)!.draw(Rng.fromSeed(2)).z.dataSync(), high);
    expect(within).toBe(1);
    expect(low).toBeGreaterThan(0);
    expect(low).toBeLessThan(0.5); // of a mean of 1.5
  });

  it.each([0.5, 2])("samples are decoded from the prior, of shape %f", async (prior_shape) => {
    const vae = await build(GammaVAE, { latent_dim: 1, hidden_dims: [2, 2], prior_shape, prior_rate: 4 });
    const seen: number[] = [];
    const range = vae.latentRange!;
    expect(range[0]).toBeCloseTo(gammaQuantile(0.00135, { shape: prior_shape, rate: 4 }), 10);
    // a decoder whose greys rise or fall with z tells which share of the samples is below a quantile
    const at = (p: number) => tf.tensor2d([[gammaQuantile(p, { shape: prior_shape, rate: 4 })]]);
    const grey = (x: Tensor4D) => tf.mean(x, [1, 2, 3]).dataSync();
    const samples = grey(vae.sample!(2000, still()));
    const [low, middle, high] = [0.1, 0.5, 0.9].map((p) => grey(vae.decode({ z: at(p) }, still()))[0]!);
    const rises = high! > low!;
    for (const [g, p] of [
      [low!, 0.1],
      [middle!, 0.5],
      [high!, 0.9],
    ] as const)
      seen.push(Math.abs((rises ? share(samples, g) : 1 - share(samples, g)) - p));
    expect(Math.max(...seen)).toBeLessThan(0.05);
  });
});
