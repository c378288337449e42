import type { Static } from "typebox";
import { Value } from "typebox/value";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { ConfigError } from "../../src/errors.ts";
import { lossWeights } from "../../src/experiment/training/loss_weights.ts";
import { placedIn, precisionWeighted } from "../../src/models/blocks/relative_gaussian.ts";
import { newCtx } from "../../src/models/ctx.ts";
import type { ModelDefinition } from "../../src/models/define.ts";
import LVAE from "../../src/models/lvae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build, maxDifference } from "../support/models.ts";

const SMALL = { latent_dims: [4, 3, 2], hidden_dims: [4, 8, 8] };
const still = () => newCtx({ training: false, rng: Rng.fromSeed(1) });
const filled = (params: object) => Value.Default(LVAE.params, params) as Static<typeof LVAE.params>;

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("what is vague leaves the prior as it is, what is certain takes its place, and equals meet half-way", () => {
    const prior = { mean: tf.tensor2d([[1, 1, 1]]), logVar: tf.tensor2d([[2, 2, 2]]) };
    const said = { mean: tf.tensor2d([[5, 5, 5]]), logVar: tf.tensor2d([[30, -20, 2]]) };
    const q = precisionWeighted(prior, said);
    const z = placedIn(prior, q.mean).dataSync();
    const variances = Array.from(q.logVar.dataSync(), (v) => Math.exp(v + 2));
    expect(maxDifference(z, [1, 5, 3])).toBeLessThan(1e-5);
    for (const [i, v] of [Math.exp(2), Math.exp(-20), Math.exp(2) / 2].entries())
      expect(variances[i]! / v).toBeCloseTo(1, 4);
  });

  it("has its latents from the top down, each with a KL of its own, whose sum is the term", async () => {
    const vae = await build(LVAE, SMALL);
    const x = Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]);
    const { z } = vae.encode(x, still());
    expect(Object.entries(z).map(([name, t]) => [name, t.shape[1]])).toEqual([
      ["z3", 2],
      ["z2", 3],
      ["z1", 4],
    ]);
    const { kl, kl_z1, kl_z2, kl_z3 } = lossOf(vae, x, Rng.fromSeed(3));
    expect(kl).toBeCloseTo(kl_z1! + kl_z2! + kl_z3!, 5);
  });

  it("a change of the top latent reaches the images through those below it", async () => {
    const vae = await build(LVAE, SMALL);
    const zeros = (dims: number) => tf.zeros([1, dims]) as Tensor2D;
    const decoded = (top: number) =>
      vae.decode({ z3: tf.fill([1, 2], top), z2: zeros(3), z1: zeros(4) }, still()).dataSync();
    expect(maxDifference(decoded(-3), decoded(3))).toBeGreaterThan(1e-4);
  });
});

it("the weight of its KL rises from 0 in a straight line", () => {
  const weights = lossWeights(
    LVAE as unknown as ModelDefinition,
    filled({ ...SMALL, kl_warmup_steps: 100 }),
    {
      reconstruction: "elbo",
    } as never,
    1000,
  );
  expect([0, 50, 100, 500].map((step) => weights(step).kl)).toEqual([0, 0.5, 1, 1]);
});

it("refuses another number of latents than of blocks", () => {
  const check = () => LVAE.check!(filled({ latent_dims: [4, 2], hidden_dims: [4, 8, 8] }));
  expect(check).toThrow(ConfigError);
  expect(check).toThrow("model_params.latent_dims: expected 3 numbers, one for each of hidden_dims, got 2");
});
