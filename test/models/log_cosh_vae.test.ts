import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import LogCoshVAE from "../../src/models/log_cosh_vae.ts";
import { logCosh, logCoshNormalizer, logGamma } from "../../src/models/losses/log_cosh.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { lossOf } from "../support/losses.ts";
import { build } from "../support/models.ts";

describe.each(trainingBackends)("on %s", (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  it("is a t^2 / 2 for small errors and |t| - log(2) / a for large ones, on both sides of 0", () => {
    const of = (t: number, a: number) => logCosh(tf.scalar(t), a).dataSync()[0]!;
    for (const sign of [1, -1]) {
      expect(of(sign * 0.05, 2) / (2 * 0.05 ** 2 * 0.5)).toBeCloseTo(1, 2);
      for (const t of [1, 50, 1e6]) expect(of(sign * t, 100) / (t - Math.LN2 / 100)).toBeCloseTo(1, 6);
    }
    expect(of(0, 100)).toBe(0);
  });

  it("has the slope tanh(a t), also at 0 and where exp(a t) overflows", () => {
    const points = [-1e4, -0.3, 0, 0.01, 0.3, 1e4];
    const slopes = tf
      .grad((t) => tf.sum(logCosh(t, 100)))(tf.tensor1d(points))
      .dataSync();
    points.forEach((t, i) => {
      expect(slopes[i]).toBeCloseTo(Math.tanh(100 * t), 5);
    });
  });
});

it("its density's constant goes to that of Laplace for a large a, and of a Gaussian of variance 1/a for a small one", () => {
  expect(logCoshNormalizer(1e6)).toBeCloseTo(Math.log(2), 4);
  expect(logCoshNormalizer(1e-3)).toBeCloseTo(0.5 * Math.log((2 * Math.PI) / 1e-3), 3);
  expect([0.5, 2, 4, 10].map(logGamma).map((v) => Math.round(1e9 * v) + 0)).toEqual(
    [0.5 * Math.log(Math.PI), 0, Math.log(6), Math.log(362880)].map((v) => Math.round(1e9 * v) + 0),
  );
});

it("elbo sums what pixel_mean takes the mean of, and adds the constant", async () => {
  await useBackend("wasm");
  const [x, rng] = [Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]), Rng.fromSeed(1)];
  const of = async (convention: "elbo" | "pixel_mean") =>
    lossOf(await build(LogCoshVAE, { latent_dim: 3, hidden_dims: [4, 8] }, { convention }), x, rng);
  const [elbo, mean] = [await of("elbo"), await of("pixel_mean")];
  expect(elbo.log_cosh).toBeCloseTo(32 * 32 * 3 * (mean.log_cosh! + logCoshNormalizer(100)), 1);
});
