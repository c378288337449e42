import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { lossWeights } from "../../src/experiment/training/loss_weights.ts";
import type { ModelDefinition } from "../../src/models/define.ts";
import InfoVAE from "../../src/models/info_vae.ts";
import VanillaVAE from "../../src/models/vanilla_vae.ts";
import { Rng } from "../../src/rng.ts";
import type { Tensor4D } from "../../src/tf.ts";
import { lossOf } from "../support/losses.ts";
import { build } from "../support/models.ts";

const SMALL = { latent_dim: 3, hidden_dims: [4, 8] };
const weights = (params: object, exp: object) =>
  lossWeights(InfoVAE as unknown as ModelDefinition, params as never, exp as never, 100)(0);

beforeAll(async () => {
  await useBackend("wasm");
});

it("weighs the KL by 1 - alpha and the MMD by alpha + lambda - 1, which kld_weight leaves alone", () => {
  const theirs = { alpha: -9, beta: 10.5, reg_weight: 110 }; // PyTorch-VAE's infovae.yaml
  expect(weights(theirs, { kld_weight: 0.001 })).toEqual({ reconstruction: 10.5, kl: 0.01, mmd: 100 });
  expect(weights({ alpha: 1, beta: 1, reg_weight: 10 }, {})).toEqual({ reconstruction: 1, kl: 0, mmd: 10 });
});

it("with alpha 0 and lambda 1 it is the VAE", async () => {
  const [x, rng] = [Rng.fromSeed(7).uniform<Tensor4D>([4, 32, 32, 3]), Rng.fromSeed(1)];
  expect(weights({ alpha: 0, beta: 1, reg_weight: 1 }, {})).toEqual({ reconstruction: 1, kl: 1, mmd: 0 });
  const { mmd, ...rest } = lossOf(await build(InfoVAE, SMALL, { convention: "elbo" }), x, rng);
  expect(rest).toEqual(lossOf(await build(VanillaVAE, SMALL, { convention: "elbo" }), x, rng));
  expect(mmd).toBeTypeOf("number");
});

it("refuses a negative weight of the MMD, and takes an alpha above 0", () => {
  const check = (params: object) => () => InfoVAE.check!({ output: "sigmoid", ...params } as never);
  expect(check({ alpha: 0.5, reg_weight: 0.4 })).toThrow(
    /^model_params\.reg_weight: expected at least 0\.5, 1 - alpha, .*got 0\.4\. Raise it\./,
  );
  check({ alpha: 0.5, reg_weight: 0.5 })();
});
