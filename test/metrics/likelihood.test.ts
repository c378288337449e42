import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import type { Config } from "../../src/config/schema.ts";
import { FigureContext, type FigureOptions } from "../../src/experiment/evaluation/context.ts";
import { importancePass } from "../../src/experiment/evaluation/importance_pass.ts";
import type { OpenRun } from "../../src/experiment/trained/open_trained.ts";
import { bernoulli, gaussian, type Likelihood, trainedLikelihood } from "../../src/metrics/likelihood.ts";
import { reparameterize } from "../../src/models/gaussian.ts";
import { gaussianNegLogLikelihood } from "../../src/models/losses/reconstruction.ts";
import type { VAE } from "../../src/models/vae.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { formula } from "../support/formula.ts";

const golden = JSON.parse(readFileSync(new URL("../parity/figures.json", import.meta.url), "utf8"));

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
  const images = Float32Array.from(formula(20, 31));
  const shape = [5, 2, 2, 1] as const;
  async function* batches() {
    yield { images, shape, indices: Int32Array.of(0, 1, 2, 3, 4) };
  }
  const loader = async () => ({ batches });
  return { vae, imageRange: [0, 1], imageShape: [2, 2, 1], state: { step: 0 }, loader } as unknown as OpenRun;
}

describe("the importance-weighted bound", () => {
  const bound = async (draws: number, sigma: number) => {
    const options = { split: "test", maxImages: 5, seed: 3, draws } as FigureOptions;
    const context = new FigureContext(linearGaussian(), options, new Map());
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
});

describe("likelihoods", () => {
  it("are the losses' own, of each image", () => {
    const [x, y] = [40, 41].map(
      (t) => tf.tensor(Float32Array.from(formula(48, t)), [2, 4, 2, 3]) as Tensor4D,
    );
    const mean = tf.mean(gaussian(0.2, "").logDensity(x!, y!)).dataSync()[0]!;
    expect(mean).toBeCloseTo(-gaussianNegLogLikelihood(x!, y!, 0.2).dataSync()[0]!, 3);
    // where sigma is about a level, half a level of noise counts: 24 values of (1/255)^2 / 12 / (2 sigma^2)
    const narrow = tf.mean(gaussian(1 / 255, "").logDensity(x!, x!)).dataSync()[0]!;
    expect(narrow + gaussianNegLogLikelihood(x!, x!, 1 / 255).dataSync()[0]!).toBeCloseTo(-24 / 24, 3);
    const [one, p] = [x!.dataSync(), y!.dataSync()].map((v) => Array.from(v)) as [number[], number[]];
    const expected = one.reduce((sum, v, i) => sum + v * Math.log(p[i]!) + (1 - v) * Math.log(1 - p[i]!), 0);
    expect(tf.sum(bernoulli.logDensity(x!, y!)).dataSync()[0]).toBeCloseTo(expected, 3);
  });

  it("of PyTorch-VAE's loss is a Gaussian whose negative ELBO is that loss over its KL weight", () => {
    const dims = 64 * 64 * 3;
    const weights = { reconstruction: 1, kl: 0.00025 };
    const config = { model_params: { name: "VanillaVAE" } } as Config;
    const found = trainedLikelihood(config, "pixel_mean", weights, dims, [0, 1]) as Likelihood;
    expect(found.name).toContain("sigma 1.239");
    const [x, y] = [tf.zeros([1, 64, 64, 3]), tf.fill([1, 64, 64, 3], 0.3)] as [Tensor4D, Tensor4D];
    const z = tf.fill([1, 64, 64, 3], 0) as Tensor4D;
    const change = found.logDensity(x, z).dataSync()[0]! - found.logDensity(x, y).dataSync()[0]!;
    expect(change).toBeCloseTo(0.09 / 0.00025, 2);
  });

  it("are none where the loss compares features, or fits sigma", () => {
    const config = (model: object) => ({ model_params: model }) as Config;
    const of = (model: object, convention: "elbo" | "pixel_mean", weights: Record<string, number>) =>
      nameOf(trainedLikelihood(config(model), convention, weights, 12, [0, 1]));
    const nameOf = (found: ReturnType<typeof trainedLikelihood>) =>
      typeof found === "string" ? found : found?.name;
    const gauss = { likelihood: "gaussian", sigma: "optimal" };
    expect(of({}, "pixel_mean", { reconstruction: 0.5, features: 0.5, kl: 1 })).toBe(
      "needs a loss of pixels and KL alone, this one has features",
    );
    expect(of({}, "pixel_mean", { reconstruction: 1, capacity: 0 })).toBe(
      "needs weights of pixels and KL, these are 1 and 0",
    );
    expect(of(gauss, "elbo", { reconstruction: 1, kl: 1 })).toBeUndefined();
    expect(of({ ...gauss, sigma: 0.1 }, "elbo", { reconstruction: 1, kl: 1 })).toContain("sigma 0.1");
    expect(of({ likelihood: "bernoulli" }, "elbo", { reconstruction: 2, kl: 2 })).toContain("Bernoulli");
    expect(of({ likelihood: "bernoulli" }, "elbo", { reconstruction: 1, kl: 4 })).toMatch(
      /^needs equal weights for likelihood: bernoulli, .* these are 1 and 4$/,
    );
  });

  it("of a weighed ELBO is a Gaussian whose negative ELBO is the loss over its KL weight, up to a constant", () => {
    const [dims, weights] = [48, { reconstruction: 0.5, kl: 4 }];
    const config = {
      model_params: { name: "BetaVAE", likelihood: "gaussian", sigma: 0.2 },
    } as unknown as Config;
    for (const range of [
      [0, 1],
      [-1, 1],
    ] as const) {
      const width = range[1] - range[0];
      const found = trainedLikelihood(config, "elbo", weights, dims, range) as Likelihood;
      expect(found.name).toContain(`sigma ${Number(((0.2 * Math.sqrt(8)) / width).toPrecision(4))} (`);
      const [x, y, z] = [42, 43, 44].map(
        (t) => tf.tensor(Float32Array.from(formula(48, t)), [1, 4, 4, 3]) as Tensor4D,
      ) as [Tensor4D, Tensor4D, Tensor4D];
      // of images in the model's range, as the loss sees them
      const loss = (recons: Tensor4D) =>
        gaussianNegLogLikelihood(tf.mul(x, width), tf.mul(recons, width), 0.2).dataSync()[0]! * 0.5;
      const own = (recons: Tensor4D) => -found.logDensity(x, recons).dataSync()[0]! * 4;
      expect(own(y) - own(z)).toBeCloseTo(loss(y) - loss(z), 3);
    }
  });
});
