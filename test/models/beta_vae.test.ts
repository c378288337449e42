import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { lossWeights } from "../../src/experiment/training/loss_weights.ts";
import { createOptimizer } from "../../src/experiment/training/optimizers.ts";
import { evaluateStep, trainStep } from "../../src/experiment/training/step.ts";
import BetaVAE from "../../src/models/beta_vae.ts";
import type { ModelDefinition } from "../../src/models/define.ts";
import { capacityAt, capacityGap } from "../../src/models/losses/capacity.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { build } from "../support/models.ts";

const SMALL = { latent_dim: 4, hidden_dims: [4, 8, 8] };
const images = () => Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]);
const weightsOf = (params: object, exp: object) =>
  lossWeights(BetaVAE as unknown as ModelDefinition, params as never, exp as never, 100)(0);

it("weighs the KL by beta once, and under pixel_mean by kld_weight besides", () => {
  const H = { loss_type: "H", beta: 4, gamma: 7 };
  expect(weightsOf(H, { reconstruction: "elbo" })).toEqual({ reconstruction: 1, kl: 4 });
  expect(weightsOf(H, { kld_weight: 0.001 })).toEqual({ reconstruction: 1, kl: 0.004 });
  const B = { ...H, loss_type: "B" };
  expect(weightsOf(B, { reconstruction: "elbo" })).toEqual({ reconstruction: 1, capacity: 7 });
  expect(weightsOf(B, { kld_weight: 0.001 })).toEqual({ reconstruction: 1, capacity: 0.007 });
  expect(weightsOf(B, { kld_weight: 0.001, loss_weights: { capacity: 3 } }).capacity).toBe(3);
});

it("raises C in a straight line from 0 nats to max_capacity, and no further", () => {
  expect([0, 1, 50, 100, 101, 1e6].map((step) => capacityAt(step, 25, 100))).toEqual([
    0, 0.25, 12.5, 25, 25, 25,
  ]);
});

describe.each(trainingBackends)("loss_type B on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("is the distance of the KL from C, on either side of it", () => {
    const gap = (kl: number, c: number) => capacityGap(tf.scalar(kl), tf.scalar(c)).dataSync()[0];
    expect([gap(3, 5), gap(5, 3), gap(4, 4)]).toEqual([2, 2, 0]);
  });

  it("takes C from the steps of the optimizer: validation in between does not move it", async () => {
    const vae = await build(BetaVAE, { ...SMALL, loss_type: "B", max_capacity: 8, capacity_max_iter: 4 });
    const exp = { optimizer: "adam", betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0 } as never;
    const trained = new Map([...vae.params].filter(([, p]) => p.trainable).map(([n, p]) => [n, p.value]));
    const args = {
      vae,
      weights: () => ({ reconstruction: 1, capacity: 0.01 }),
      optimizers: new Map([["vae", createOptimizer(exp, trained)]]),
      rng: Rng.fromSeed(3),
    };
    for (let step = 0; step < 6; step++) {
      const { scalars, terms } = trainStep(args, { images: images() }, step, 1e-3);
      const target = Math.min(8, 2 * step);
      expect(scalars.capacity_target).toBe(target);
      expect(terms.capacity).toBeCloseTo(Math.abs(scalars.kl! - target), 4);
      for (let i = 0; i < 3; i++)
        expect(evaluateStep(args, { images: images() }, step).scalars.capacity_target).toBe(target);
    }
  });
});
