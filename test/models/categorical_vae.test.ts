import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { trainStep } from "../../src/experiment/training/step.ts";
import { drawCategories, highest, temperatureAt } from "../../src/models/blocks/gumbel.ts";
import CategoricalVAE from "../../src/models/categorical_vae.ts";
import { newCtx } from "../../src/models/ctx.ts";
import type { ModelDefinition } from "../../src/models/define.ts";
import { klPerVariable, klToUniform, logSoftmax } from "../../src/models/losses/categorical.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build, maxDifference } from "../support/models.ts";
import { batchOf, images, trainer, unitWeights } from "../support/variants.ts";

const SMALL = { latent_dim: 3, hidden_dims: [4, 8], categorical_dim: 5 };
const ANNEALED = { temperature: 0.5, initial_temperature: 1, anneal_rate: 0.01, anneal_interval: 10 };
const still = (seed: number) => newCtx({ training: false, rng: Rng.fromSeed(seed) });
const numbers = (t: Tensor) => [...t.dataSync()];

it("the temperature falls as exp(-r t) in whole intervals, to the lowest and no further", () => {
  const at = (step: number) => temperatureAt(step, ANNEALED);
  expect([0, 9].map(at)).toEqual([1, 1]);
  expect([10, 19].map(at)).toEqual([Math.exp(-0.1), Math.exp(-0.1)]);
  expect(at(60)).toBeCloseTo(Math.exp(-0.6), 12);
  expect([70, 1e6, Number.MAX_SAFE_INTEGER].map(at)).toEqual([0.5, 0.5, 0.5]);
  expect(temperatureAt(0, { ...ANNEALED, initial_temperature: 0 }), "as PyTorch-VAE").toBe(0.5);
});

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("the KL is 0 of the uniform distribution, log K of a certain value, and finite of huge logits", () => {
    expect(Math.abs(klToUniform(tf.fill([2, 3, 4], 7)).dataSync()[0]!)).toBeLessThan(1e-5);
    const certain = tf.tensor3d([500, -500, -500, -500], [1, 1, 4]);
    expect(klPerVariable(certain).dataSync()[0]).toBeCloseTo(Math.log(4), 5);
    // of 3/4 and 1/4: log 2 less the entropy
    const found = klPerVariable(tf.tensor3d([Math.log(3), 0], [1, 1, 2])).dataSync()[0];
    expect(found).toBeCloseTo(Math.log(2) + 0.75 * Math.log(0.75) + 0.25 * Math.log(0.25), 5);
  });

  it("draws each value as often as its probability, one-hot, and relaxed nearest to the same value", () => {
    const probabilities = [0.6, 0.3, 0.1];
    const count = 6000;
    const logits = tf.tile(tf.tensor3d(probabilities.map(Math.log), [1, 1, 3]), [count, 1, 1]);
    const hard = drawCategories(logits, still(1), () => 1);
    expect(new Set(numbers(hard))).toEqual(new Set([0, 1]));
    const shares = numbers(tf.mean(hard, [0, 1]));
    for (const [k, p] of probabilities.entries())
      expect(Math.abs(shares[k]! - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / count));
    const ctx = newCtx({ training: true, rng: Rng.fromSeed(1) });
    const soft = (temperature: number) => drawCategories(logits, ctx, () => temperature);
    expect(maxDifference(numbers(tf.sum(soft(1), 2)), Array(count).fill(1))).toBeLessThan(1e-5);
    expect(maxDifference(numbers(highest(soft(1))), numbers(hard))).toBe(0);
    const peak = (t: Tensor) => tf.mean(tf.max(t, 2)).dataSync()[0]!;
    expect(peak(soft(0.1))).toBeGreaterThan(peak(soft(1)));
    expect(peak(soft(0.1))).toBeGreaterThan(0.95);
  });

  it("trains by the temperature of its step, and evaluates by none", async () => {
    const vae = await build(CategoricalVAE, { ...SMALL, ...ANNEALED });
    const weights = unitWeights(CategoricalVAE as unknown as ModelDefinition, "pixel_mean");
    const t = trainer(vae, weights);
    const at = (step: number) => trainStep(t, batchOf(images()), step, 0).scalars.temperature;
    expect(at(0)).toBe(1);
    expect(at(20)).toBeCloseTo(Math.exp(-0.2), 6);
    expect(at(1000)).toBe(0.5);
    expect(lossOf(vae, images(), Rng.fromSeed(1))).not.toHaveProperty("temperature");
  });

  it("encodes probabilities and a one-hot draw, and reconstructs the mode", async () => {
    const vae = await build(CategoricalVAE, SMALL);
    const { posterior, z } = vae.encode(images(), still(1));
    const q = posterior.z!;
    if (q.kind !== "categorical") throw new Error(q.kind);
    expect([q.logits.shape, z.z!.shape]).toEqual([
      [4, 3, 5],
      [4, 3, 5],
    ]);
    expect(numbers(tf.sum(z.z!, 2))).toEqual(Array(12).fill(1));
    const mode = vae.decode({ z: highest(q.logits) }, still(1));
    expect(maxDifference(numbers(vae.reconstruct(images(), still(2))), numbers(mode))).toBe(0);
  });

  it("samples each value of the prior alike", async () => {
    const vae = await build(CategoricalVAE, { ...SMALL, latent_dim: 1, categorical_dim: 3 });
    const rows = (t: Tensor) => tf.reshape(t, [t.shape[0]!, -1]).arraySync() as number[][];
    const decoded = rows(vae.decode({ z: tf.reshape(tf.eye(3), [3, 1, 3]) }, still(1)));
    const count = 300;
    const found = rows(vae.sample!(count, still(2))).map((row) => {
      const distances = decoded.map((d) => maxDifference(row, d));
      expect(Math.min(...distances)).toBeLessThan(1e-5);
      return distances.indexOf(Math.min(...distances));
    });
    for (const k of [0, 1, 2])
      expect(Math.abs(found.filter((v) => v === k).length - count / 3)).toBeLessThan(
        4 * Math.sqrt(count * (2 / 9)),
      );
  });

  it("its ELBO is that of the categorical model: the mean over draws is the sum over all values", async () => {
    const vae = await build(CategoricalVAE, { ...SMALL, latent_dim: 1, categorical_dim: 3 });
    vae.params.get("fc_z.bias")!.value.assign(tf.tensor1d([1, 0, -1]));
    const x = tf.slice(images(), 0, 1);
    const q = vae.encode(x, still(1)).posterior.z!;
    const p = q.kind === "categorical" ? numbers(tf.exp(logSoftmax(q.logits))) : [];
    const errors = [0, 1, 2].map((k) => {
      const decoded = vae.decode({ z: tf.oneHot(tf.tensor2d([k], [1, 1], "int32"), 3).toFloat() }, still(1));
      return tf.mean(tf.square(tf.sub(decoded, x))).dataSync()[0]!;
    });
    const exact = p.reduce((sum, share, k) => sum + share * errors[k]!, 0);
    const found = Array.from(
      { length: 300 },
      (_, i) => lossOf(vae, x as never, Rng.fromSeed(i)).reconstruction!,
    );
    for (const value of found) expect(Math.min(...errors.map((e) => Math.abs(e - value)))).toBeLessThan(1e-6);
    const mean = found.reduce((a, b) => a + b) / found.length;
    const deviation = Math.sqrt(found.reduce((sum, v) => sum + (v - mean) ** 2, 0) / found.length);
    expect(Math.abs(mean - exact)).toBeLessThan((4 * deviation) / Math.sqrt(found.length) + 1e-7);
  });
});
