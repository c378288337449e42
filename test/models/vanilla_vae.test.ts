import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { newCtx } from "../../src/models/ctx.ts";
import VanillaVAE from "../../src/models/vanilla_vae.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { build } from "../support/models.ts";

const SMALL = { latent_dim: 4, hidden_dims: [4, 8] };
const SHAPE = { imageShape: [28, 28, 3] } as const;
const VALUES = 28 * 28 * 3;

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b);
const near = (value: number, expected: number) =>
  expect(Math.abs(value / expected - 1), `${value}, expected ${expected}`).toBeLessThan(1e-5);

/**
 * That its weights, gradients and steps are PyTorch-VAE's: test/parity/vanilla_vae.test.ts. Here its loss beside the
 * formulas, in double precision, of the posterior and the reconstruction that the model itself gives.
 */
describe.each(trainingBackends)("on %s", (backend) => {
  const images = () => Rng.fromSeed(7).uniform<Tensor4D>([4, 28, 28, 3]);
  const ctx = () => newCtx({ training: false, rng: Rng.fromSeed(3) });

  beforeAll(async () => {
    await useBackend(backend);
  });

  async function losses(convention: "elbo" | "pixel_mean", params: object = {}) {
    const vae = await build(VanillaVAE, { ...SMALL, ...params }, { ...SHAPE, convention });
    const { terms } = vae.phases[0]!.loss({ images: images() }, ctx(), {});
    const { z, posterior } = vae.encode(images(), ctx());
    const { mean, logVar } = posterior.z as { mean: Tensor2D; logVar: Tensor2D };
    const [x, recons] = [[...images().dataSync()], [...vae.decode(z, ctx()).dataSync()]];
    return {
      reconstruction: terms.reconstruction!.dataSync()[0]!,
      kl: terms.kl!.dataSync()[0]!,
      mean: [...mean.dataSync()],
      logVar: [...logVar.dataSync()],
      x,
      recons,
      squares: sum(x.map((v, i) => (v - recons[i]!) ** 2)),
    };
  }

  it("its KL is that of the posterior from the prior, in nats per image", async () => {
    const { kl, mean, logVar } = await losses("elbo");
    const each = mean.map((m, i) => (m * m + Math.exp(logVar[i]!) - 1 - logVar[i]!) / 2);
    near(kl, sum(each) / 4);
  });

  it("its reconstruction is -log p(x | z) under elbo, of the sigma given", async () => {
    const { reconstruction, squares } = await losses("elbo", { sigma: 0.2 });
    const constant = VALUES * Math.log(0.2 * Math.sqrt(2 * Math.PI));
    near(reconstruction, squares / 4 / (2 * 0.2 ** 2) + constant);
  });

  it("of the sigma that fits the batch best, where none is given", async () => {
    const { reconstruction, squares } = await losses("elbo");
    near(reconstruction, (VALUES / 2) * (Math.log((2 * Math.PI * squares) / (4 * VALUES)) + 1));
  });

  it("of a Bernoulli, where that is asked for", async () => {
    const { reconstruction, x, recons } = await losses("elbo", { likelihood: "bernoulli" });
    const each = x.map((v, i) => -v * Math.log(recons[i]!) - (1 - v) * Math.log(1 - recons[i]!));
    near(reconstruction, sum(each) / 4);
  });

  it("and the mean squared error per element under pixel_mean", async () => {
    const { reconstruction, squares } = await losses("pixel_mean");
    near(reconstruction, squares / (4 * VALUES));
  });

  it("leaves the weights to the runner: both terms count once", () => {
    const terms = VanillaVAE.terms({} as never, "elbo");
    expect([terms.reconstruction.weight, terms.kl.weight]).toEqual([1, 1]);
  });

  it("draws z anew for other noise, and from the posterior that it encodes", async () => {
    const vae = await build(VanillaVAE, SMALL, SHAPE);
    const draw = (seed: number) => {
      const { z, posterior } = vae.encode(images(), newCtx({ training: false, rng: Rng.fromSeed(seed) }));
      const { mean, logVar } = posterior.z as { mean: Tensor2D; logVar: Tensor2D };
      return tf.div(tf.sub(z.z as Tensor2D, mean), tf.exp(tf.div(logVar, 2))).dataSync();
    };
    const noise = Array.from({ length: 200 }, (_, seed) => [...draw(seed)]).flat(); // 3,200 standard normal numbers
    const mean = sum(noise) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.08);
    expect(Math.abs(sum(noise.map((v) => (v - mean) ** 2)) / noise.length - 1)).toBeLessThan(0.12);
  });
});
