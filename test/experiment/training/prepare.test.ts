import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { layeredRegistries } from "../../../src/config/registries.ts";
import { prepare } from "../../../src/experiment/training/prepare.ts";
import { cacheDir } from "../../../src/files/cache_dir.ts";
import { tf } from "../../../src/tf.ts";
import { dataFolder } from "../../support/data.ts";

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 2, hidden_dims: [4, 8]}
data_params: {name: shapes3d, size: 16, patch_size: 32, train_batch_size: 4}
`;
const file = join(dataFolder(), "prepare.yaml");
writeFileSync(file, CONFIG);

it("checks the parameters of model and data set once on the way to a run", async () => {
  await useBackend("wasm");
  const checked: string[] = [];
  const registries = await layeredRegistries();
  const [model, dataset] = [registries.models.get("VanillaVAE")!, registries.datasets.get("shapes3d")!];
  registries.models.register({
    ...model,
    name: "Counted",
    check(params, given) {
      checked.push("model");
      model.check?.(params, given);
    },
  });
  registries.datasets.register({
    ...dataset,
    name: "counted",
    check: () => void checked.push("dataset"),
  });
  const set = ["model_params.name=Counted", "data_params.name=counted"];
  const loaded = await loadConfig(file, { set, registries });
  const prepared = await prepare({ ...loaded, cacheDir: cacheDir("test") });
  await prepared.close();
  expect(checked).toEqual(["model", "dataset"]);
});

it("leaves no tensors once it is closed", async () => {
  await useBackend("wasm");
  const before = tf.memory().numTensors;
  const prepared = await prepare({ ...(await loadConfig(file)), cacheDir: cacheDir("test") });
  expect(tf.memory().numTensors).toBeGreaterThan(before);
  await prepared.close();
  expect(tf.memory().numTensors).toBe(before);
});

it("leaves no tensors where the config is refused for what only the model knows", async () => {
  await useBackend("wasm");
  const before = tf.memory().numTensors;
  const loaded = await loadConfig(file, { set: ["trainer_params.checkpoint.monitor=val/accuracy"] });
  await expect(prepare({ ...loaded, cacheDir: cacheDir("test") })).rejects.toThrow(/expected one of val\//);
  expect(tf.memory().numTensors).toBe(before);
});
