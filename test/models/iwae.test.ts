import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { importanceWeighted } from "../../src/metrics/log_likelihood.ts";
import { newCtx } from "../../src/models/ctx.ts";
import IWAE from "../../src/models/iwae.ts";
import { importanceWeightedBound, logPriorRatio } from "../../src/models/losses/importance.ts";
import type { VAE } from "../../src/models/vae.ts";
import VanillaVAE from "../../src/models/vanilla_vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor1D, type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build } from "../support/models.ts";

const SMALL = { latent_dim: 3, hidden_dims: [4, 8, 8] };
const images = (count = 4) => Rng.fromSeed(7).uniform<Tensor4D>([count, 32, 32, 3]);

const assign = (vae: VAE, name: string, value: number) => {
  const { value: variable } = vae.params.get(name)!;
  variable.assign(tf.fill(variable.shape, value));
};

const LIKELIHOODS = [
  ["elbo", { sigma: 0.3 }],
  ["elbo", { likelihood: "bernoulli" }],
  ["pixel_mean", {}],
] as const;

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("the bound is -log of the mean weight, of each image, whatever their size", () => {
    const logWeights = [
      [-1, -9000],
      [-2, -9001],
      [0.5, -9050],
    ];
    const expected = [0, 1].map((b) => -importanceWeighted(logWeights.map((draw) => draw[b]!)));
    const bound = importanceWeightedBound(tf.tensor2d(logWeights)).dataSync()[0]!;
    expect(bound / ((expected[0]! + expected[1]!) / 2)).toBeCloseTo(1, 6);
    const one = importanceWeightedBound(tf.tensor2d([[3, 5]])).dataSync()[0];
    expect(one).toBeCloseTo(-4, 6);
  });

  it.each(LIKELIHOODS)("with one draw it is the ELBO of that draw: %s %j", async (convention, params) => {
    const [one, vanilla] = [
      await build(IWAE, { ...SMALL, ...params, num_samples: 1 }, { convention }),
      await build(VanillaVAE, { ...SMALL, ...params }, { convention }),
    ];
    const [x, rng] = [images(), Rng.fromSeed(1)];
    const iwae = lossOf(one, x, rng);
    const elbo = lossOf(vanilla, x, rng); // the same weights and noise
    const { posterior, z } = vanilla.encode(x, newCtx({ training: false, rng }));
    const q = posterior.z!;
    if (q.kind !== "gaussian") throw new Error(q.kind);
    const noise = tf.div(tf.sub(z.z!, q.mean), tf.exp(tf.mul(0.5, q.logVar)));
    const drawnKl = -tf.mean(logPriorRatio<Tensor1D>(z.z!, noise, q.logVar)).dataSync()[0]!;
    const nats = convention === "elbo" ? 1 : 0.00025;
    const expected = elbo.reconstruction! / nats + drawnKl;
    expect(iwae.bound! / expected).toBeCloseTo(1, 5);
    for (const name of ["reconstruction", "kl", "mse"])
      expect(iwae[name]! / elbo[name]!, name).toBeCloseTo(1, 4);
  });

  it("with one draw its mean over many draws is the ELBO with the KL in closed form", async () => {
    const vae = await build(IWAE, { ...SMALL, sigma: 1, num_samples: 1 }, { convention: "elbo" });
    const x = images();
    const found = Array.from({ length: 300 }, (_, i) => lossOf(vae, x, Rng.fromSeed(i)));
    const mean = (name: string) => found.reduce((sum, f) => sum + f[name]!, 0) / found.length;
    const differences = found.map((f) => f.bound! - f.reconstruction! - f.kl!);
    const deviation = Math.sqrt(differences.reduce((sum, d) => sum + d * d, 0) / found.length);
    expect(Math.abs(mean("bound") - mean("reconstruction") - mean("kl"))).toBeLessThan(
      (4 * deviation) / Math.sqrt(found.length),
    );
  });

  it.each(LIKELIHOODS)(
    "the bound on log p(x) rises with the number of draws: %s %j",
    async (convention, params) => {
      const x = images(8);
      const bounds: number[] = [];
      for (const num_samples of [1, 4, 16]) {
        const vae = await build(IWAE, { ...SMALL, ...params, num_samples }, { convention });
        assign(vae, "fc_mu.bias", 1.5); // a posterior unlike the prior, so that the weights differ
        assign(vae, "fc_var.bias", -1);
        const found = Array.from({ length: 12 }, (_, i) => -lossOf(vae, x, Rng.fromSeed(i)).bound!);
        bounds.push(found.reduce((a, b) => a + b) / found.length);
      }
      expect(bounds[1]!).toBeGreaterThan(bounds[0]!);
      expect(bounds[2]!).toBeGreaterThan(bounds[1]!);
    },
  );

  it("its gradient weighs each draw by its share of the weights, the best most", () => {
    const logWeights = tf.tensor2d([
      [-1, -300],
      [-2, -310],
      [0.5, -300],
    ]);
    const gradient = tf.grad((w) => importanceWeightedBound(w as Tensor2D))(logWeights);
    const shares = tf.mul(-1 / 2, tf.transpose(tf.softmax(tf.transpose(logWeights))));
    expect(tf.max(tf.abs(tf.sub(gradient, shares))).dataSync()[0]).toBeLessThan(1e-6);
  });
});

it("refuses a sigma that is fitted to the draws, where it is used, and has one of its own", async () => {
  const fitted = { ...SMALL, sigma: "optimal" };
  const refused = /^model_params\.sigma: expected a number for IWAE, got "optimal": .*Write sigma: 0\.1/;
  await expect(build(IWAE, fitted, { convention: "elbo" })).rejects.toThrow(refused);
  const given = { convention: "elbo", natWeight: 1, imageRange: [0, 1] } as const;
  expect(() => IWAE.check!({ ...fitted, likelihood: "gaussian", output: "linear" } as never, given)).toThrow(
    refused,
  );
  await build(IWAE, fitted, { convention: "pixel_mean" });
  await build(IWAE, { ...fitted, likelihood: "bernoulli" }, { convention: "elbo" });
  const [own, stated] = [await build(IWAE, SMALL, { convention: "elbo" }), { ...SMALL, sigma: 0.1 }];
  const [x, rng] = [images(), Rng.fromSeed(1)];
  expect(lossOf(own, x, rng)).toEqual(lossOf(await build(IWAE, stated, { convention: "elbo" }), x, rng));
});

it("refuses a kld_weight of 0, which implies no likelihood", async () => {
  await expect(build(IWAE, SMALL, { natWeight: 0 })).rejects.toThrow(
    /^exp_params\.kld_weight: expected a number > 0 for IWAE/,
  );
});
