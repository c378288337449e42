import { expect, test } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { torchDifferences } from "../../../src/experiment/trained/export_weights.ts";
import { folder } from "../../support/configs.ts";

const dir = folder({
  "vae.yaml": "model_params: {name: VanillaVAE}\ndata_params: {name: shapes3d}\n",
});
const differences = async (...set: string[]) =>
  torchDifferences(await loadConfig(`${dir}/vae.yaml`, { set: set.map((s) => `model_params.${s}`) }));

test("weights of a run whose last activation is not PyTorch-VAE's are exported with a note of it", async () => {
  expect(await differences()).toEqual([
    "the run's decoder ends with sigmoid, PyTorch-VAE's with a tanh, which gives other images: there, put torch.nn.Sigmoid() in place of its last layer, torch.nn.Tanh()",
  ]);
  expect(await differences("output=linear")).toEqual([expect.stringContaining("put torch.nn.Identity()")]);
  expect(await differences("output=pytorch_vae")).toEqual([]);
});

test("so are what else computes otherwise with the same tensors", async () => {
  expect(await differences("output=pytorch_vae", "leaky_slope=0.2", "decoder_batch_norm_eps=0.001")).toEqual([
    "model_params.leaky_slope is 0.2 here, and 0.01 in PyTorch-VAE",
    "model_params.decoder_batch_norm_eps is 0.001 here, and 0.00001 in PyTorch-VAE",
  ]);
});
