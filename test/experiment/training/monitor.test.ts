import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { projectRegistries } from "../../../src/config/registries.ts";
import { ConfigError } from "../../../src/errors.ts";
import { isBetter, monitorOf } from "../../../src/experiment/training/monitor.ts";
import { prepare } from "../../../src/experiment/training/prepare.ts";
import { cacheDir } from "../../../src/files/cache_dir.ts";
import { load } from "../../support/configs.ts";

beforeAll(() => useBackend("wasm"));

const VQ = "{name: VQVAE, hidden_dims: [4, 8], embedding_dim: 4, num_embeddings: 8, residual_layers: 1}";
const FACTOR =
  "{name: FactorVAE, latent_dim: 4, hidden_dims: [4, 8], discriminator_layers: 1, discriminator_width: 8}";
const DFC = "{name: DFCVAE, latent_dim: 4, hidden_dims: [4, 8], feature_layers: [relu1_1]}";
const config = async (model: string, checkpoint: string) =>
  load(
    `model_params: ${model}\ndata_params: {name: shapes3d, size: 64, patch_size: 32}\ntrainer_params: {checkpoint: ${checkpoint}}\n`,
    [],
    await projectRegistries(),
  );
const prepared = async (model: string, monitor: string) => {
  const made = await prepare({
    ...(await config(model, `{monitor: ${monitor}}`)),
    cacheDir: cacheDir("test"),
  });
  await made.close();
};

describe("a monitored metric is looked for before anything is trained", () => {
  it.each([
    [VQ, "val/perplexity"],
    [VQ, "val/prior_bits_per_code"],
    [FACTOR, "val/discriminator_accuracy"],
    [DFC, "val/features_relu1_1"],
    [DFC, "val/elbo"],
    [DFC, "val/features"],
  ])("%s has %s", async (model, monitor) => {
    await prepared(model, monitor);
  });

  it.each([
    [VQ, "val/active_units"], // its posterior has no dimensions
    [DFC, "val/features_relu1_2"],
    [FACTOR, "val/tcc"],
  ])("%s has no %s", async (model, monitor) => {
    await expect(prepared(model, monitor)).rejects.toThrow(ConfigError);
    await expect(prepared(model, monitor)).rejects.toThrow(`got "${monitor}"`);
  });
});

it("the best is the better one of the metric, unless the config says otherwise", async () => {
  const of = async (checkpoint: string) => monitorOf((await config(DFC, checkpoint)).config);
  expect(await of("{}")).toEqual({ monitor: "val/objective", mode: "min" });
  expect(await of("{monitor: val/psnr}")).toEqual({ monitor: "val/psnr", mode: "max" });
  expect(await of("{monitor: val/bits_per_dim}")).toEqual({ monitor: "val/bits_per_dim", mode: "min" });
  expect(await of("{monitor: val/elbo, mode: min}")).toEqual({ monitor: "val/elbo", mode: "min" });
  const { notes } = await config(DFC, "{monitor: val/elbo, mode: min}");
  expect(notes).toContain("trainer_params.checkpoint.mode: min, though the best val/elbo is the highest.");
});

it("nothing is better that is not finite", () => {
  const best = { monitor: "m", mode: "max", value: 1, step: 1 } as const;
  expect([2, 1, 0, Number.NaN, Infinity].map((value) => isBetter(value, best, best))).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
  const lowest = { ...best, mode: "min" } as const;
  expect([2, 0, -Infinity].map((value) => isBetter(value, lowest, lowest))).toEqual([false, true, false]);
  expect(isBetter(5, undefined, lowest)).toBe(true);
});
