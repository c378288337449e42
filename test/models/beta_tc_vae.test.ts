import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { lossWeights } from "../../src/experiment/training/loss_weights.ts";
import BetaTCVAE from "../../src/models/beta_tc_vae.ts";
import type { ModelDefinition } from "../../src/models/define.ts";
import { klParts, logImportance } from "../../src/models/losses/kl_parts.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build } from "../support/models.ts";

const SMALL = { latent_dim: 3, hidden_dims: [4, 8], encoder_dense: 8 };
const normal = (name: string, ...shape: number[]) => Rng.fromSeed(3).fold(name).normal<Tensor2D>(shape);
const value = (t: { dataSync(): ArrayLike<number> }) => t.dataSync()[0]!;

it("stratified weights of each draw sum to 1, 1/N of its own image, 1/M of the others but one", () => {
  const [batch, total] = [5, 70];
  const weights = logImportance(batch, total, "stratified").map(Math.exp);
  for (let i = 0; i < batch; i++) {
    const own = Array.from({ length: batch }, (_, j) => weights[j * batch + i]!);
    expect(own.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    expect(own[i]).toBeCloseTo(1 / 70, 7);
    expect(own.filter((w) => Math.abs(w - 1 / 4) < 1e-6)).toHaveLength(3);
    expect(own[(i + 1) % 5]).toBeCloseTo((70 - 4) / (70 * 4), 6);
  }
});

it("weights are finite of a batch larger than the training set, and of an image alone", () => {
  for (const sampling of ["stratified", "weighted"] as const)
    for (const [batch, total] of [
      [8, 3],
      [4, 4],
      [2, 1],
      [1, 9],
    ] as const)
      expect(logImportance(batch, total, sampling).every(Number.isFinite)).toBe(true);
});

it("weighs the three parts, gamma rising over anneal_steps, and none by kld_weight", () => {
  const params = { alpha: 2, beta: 6, gamma: 3, anneal_steps: 10 };
  const weights = (exp: object) =>
    lossWeights(BetaTCVAE as unknown as ModelDefinition, params as never, exp as never, 100);
  for (const exp of [{ reconstruction: "elbo" }, { kld_weight: 0.001 }]) {
    expect(weights(exp)(0)).toEqual({ reconstruction: 1, mi: 2, tc: 6, dimension_kl: 0 });
    expect([5, 10, 1e9].map((step) => weights(exp)(step).dimension_kl)).toEqual([1.5, 3, 3]);
  }
  expect(weights({ loss_weights: { dimension_kl: 2 } })(0).dimension_kl).toBe(2);
});

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("the total correlation is 0 where q(z) factors, and that of the means where they are the same", () => {
    const grid = tf.tensor2d(Array.from({ length: 16 }, (_, i) => [3 * (i % 4), 3 * Math.floor(i / 4)]));
    const narrow = tf.fill([16, 2], -6) as Tensor2D;
    const whole = (mean: Tensor2D) => value(klParts(mean, mean, narrow, 1, "weighted").tc); // N = 1: weights 1/B
    expect(Math.abs(whole(grid))).toBeLessThan(1e-4);
    const diagonal = tf.tensor2d(Array.from({ length: 16 }, (_, i) => [3 * i, 3 * i]));
    expect(whole(diagonal)).toBeCloseTo(Math.log(16), 3); // q(z) 1/16 of each, of both dimensions alone too
  });

  it.each(["stratified", "weighted"] as const)(
    "the parts sum to log q(z | x) - log p(z), whatever N is: %s",
    (sampling) => {
      const [z, mean, logVar] = [normal("z", 6, 3), normal("m", 6, 3), normal("v", 6, 3)];
      const squares = tf.sub(tf.square(z), tf.div(tf.square(tf.sub(z, mean)), tf.exp(logVar)));
      const expected = value(tf.mean(tf.sum(tf.mul(0.5, tf.sub(squares, logVar)), 1)));
      for (const total of [6, 100, 1e6]) {
        const { mi, tc, dimensionKl } = klParts(z, mean, logVar, total, sampling);
        expect(value(mi) + value(tc) + value(dimensionKl)).toBeCloseTo(expected, 3);
      }
    },
  );

  it("the mutual information is told from the true number of training images", async () => {
    const images = Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]);
    const of = async (count: number) =>
      lossOf(await build(BetaTCVAE, SMALL, { trainingImages: () => count }), images, Rng.fromSeed(1));
    const [few, many] = [await of(10), await of(100_000)];
    expect(many.mi).not.toBe(few.mi);
    const sum = (l: Record<string, number>) => l.mi! + l.tc! + l.dimension_kl!;
    expect(sum(many)).toBeCloseTo(sum(few), 4);
  });
});
