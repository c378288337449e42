import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import type { Config } from "../../../src/config/schema.ts";
import { lossLikelihood, trainedLikelihood } from "../../../src/experiment/evaluation/trained_likelihood.ts";
import type { Likelihood } from "../../../src/metrics/likelihood.ts";
import { gaussianNegLogLikelihood } from "../../../src/models/losses/reconstruction.ts";
import { getModel } from "../../../src/models/registry.ts";
import { type Tensor4D, tf } from "../../../src/tf.ts";
import { formula } from "../../support/formula.ts";

beforeAll(async () => void (await useBackend("cpu")));

describe("the likelihoods that losses stand for", () => {
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

  it("of a bound that holds reconstruction and KL are by its weight, which is both's", () => {
    const of = (exp_params: object) =>
      lossLikelihood({
        model: getModel("IWAE")!,
        config: {
          model_params: { name: "IWAE", likelihood: "gaussian", sigma: 0.1 },
          exp_params,
          trainer_params: {},
        },
        state: { step: 0 },
        imageShape: [4, 4, 3],
        imageRange: [0, 1],
      } as never);
    expect(of({ reconstruction: "elbo" })).toMatchObject({
      name: "Gaussian of sigma 0.1 (model_params.sigma)",
    });
    const implied = Math.sqrt((4 * 4 * 3 * 0.00025) / 2); // as of VanillaVAE's loss
    expect(of({ reconstruction: "pixel_mean", kld_weight: 0.00025 })).toMatchObject({
      name: `Gaussian of sigma ${implied.toPrecision(4)} (implied by the weights of the loss)`,
    });
  });

  it("are by weights that follow the run: a share of its steps is of those that it trains", () => {
    const at = (step: number) =>
      lossLikelihood({
        model: getModel("VanillaVAE")!,
        config: {
          model_params: { name: "VanillaVAE" },
          exp_params: {
            reconstruction: "pixel_mean",
            loss_weights: { kl: { value: 0.02, start: 0.01, delay_steps: 0.5 } },
          },
          trainer_params: { max_epochs: 2 },
        },
        state: { step, data: { steps: 4 } },
        imageShape: [4, 4, 3],
        imageRange: [0, 1],
      } as never) as Likelihood;
    const name = (kl: number) => `Gaussian of sigma ${Math.sqrt((48 * kl) / 2).toPrecision(4)}`;
    expect([3, 4].map((step) => at(step).name.split(" (")[0])).toEqual([name(0.01), name(0.02)]);
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
