import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { lossWeights } from "../../src/experiment/training/loss_weights.ts";
import { evaluateStep, trainStep } from "../../src/experiment/training/step.ts";
import { newCtx } from "../../src/models/ctx.ts";
import type { ModelDefinition } from "../../src/models/define.ts";
import JointVAE, { capacities } from "../../src/models/joint_vae.ts";
import { klToUniform } from "../../src/models/losses/categorical.ts";
import { klToUnitGaussian } from "../../src/models/losses/kl.ts";
import { Rng } from "../../src/rng.ts";
import { trainingBackends } from "../support/backends.ts";
import { build } from "../support/models.ts";
import { batchOf, images, trainer } from "../support/variants.ts";

const RISING = {
  latent_min_capacity: 1,
  latent_max_capacity: 5,
  latent_num_iter: 4,
  categorical_min_capacity: 0,
  categorical_max_capacity: 1,
  categorical_num_iter: 10,
};
const SMALL = { latent_dim: 3, hidden_dims: [4, 8], categorical_dim: 5, ...RISING };

const WEIGHTS = { reconstruction: 1, capacity_z: 0.01, capacity_c: 0.01 };

it("weighs both capacities by their gammas, and under pixel_mean by kld_weight besides", () => {
  const of = (exp: object) =>
    lossWeights(
      JointVAE as unknown as ModelDefinition,
      { alpha: 2, latent_gamma: 3, categorical_gamma: 4 } as never,
      exp as never,
      100,
    )(0);
  expect(of({ reconstruction: "elbo" })).toEqual({ reconstruction: 2, capacity_z: 3, capacity_c: 4 });
  expect(of({ kld_weight: 0.5 })).toEqual({ reconstruction: 2, capacity_z: 1.5, capacity_c: 2 });
});

it("raises each capacity from its first to its last value by its own steps, C_c to log K at most", () => {
  const o = { ...RISING, categorical_dim: 5 } as Parameters<typeof capacities>[1];
  const at = (step: number, more = {}) => capacities(step, { ...o, ...more });
  expect([0, 2, 4, 100].map((step) => at(step).z)).toEqual([1, 3, 5, 5]);
  expect([0, 5, 10, 100].map((step) => at(step).c)).toEqual([0, 0.5, 1, 1]);
  expect(at(100, { categorical_max_capacity: 25 }).c).toBe(Math.log(5));
});

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("holds each latent's KL to its own capacity, which follows the optimizer's steps alone", async () => {
    const vae = await build(JointVAE, SMALL);
    const t = trainer(vae, WEIGHTS);
    for (let step = 0; step < 6; step++) {
      const { terms, scalars } = trainStep(t, batchOf(images()), step, 1e-3);
      expect(scalars.capacity_target_z).toBe(Math.min(5, 1 + step));
      expect(scalars.capacity_target_c).toBeCloseTo(step / 10, 6);
      expect(terms.capacity_z).toBeCloseTo(Math.abs(scalars.kl_z! - scalars.capacity_target_z!), 4);
      expect(terms.capacity_c).toBeCloseTo(Math.abs(scalars.kl_c! - scalars.capacity_target_c!), 4);
      expect(scalars.kl).toBeCloseTo(scalars.kl_z! + scalars.kl_c!, 4);
      for (let i = 0; i < 2; i++) evaluateStep(t, batchOf(images()), step);
    }
  });

  it("its KLs are those of its two posteriors", async () => {
    const vae = await build(JointVAE, SMALL);
    const { scalars } = evaluateStep(trainer(vae, WEIGHTS), batchOf(images()), 0);
    const { z, c } = vae.encode(images(), newCtx({ training: false, rng: Rng.fromSeed(1) })).posterior;
    if (z?.kind !== "gaussian" || c?.kind !== "categorical") throw new Error(`${z?.kind}, ${c?.kind}`);
    expect(c.logits.shape).toEqual([4, 1, 5]);
    expect(scalars.kl_z).toBeCloseTo(klToUnitGaussian(z.mean, z.logVar).dataSync()[0]!, 4);
    expect(scalars.kl_c).toBeCloseTo(klToUniform(c.logits).dataSync()[0]!, 5);
  });
});
