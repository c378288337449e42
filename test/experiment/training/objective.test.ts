import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { projectRegistries } from "../../../src/config/registries.ts";
import { readCheckpoint } from "../../../src/experiment/runs/checkpoint.ts";
import { prepare } from "../../../src/experiment/training/prepare.ts";
import { validate } from "../../../src/experiment/training/validate.ts";
import { cacheDir } from "../../../src/files/cache_dir.ts";
import { load } from "../../support/configs.ts";
import { training } from "../../support/training.ts";

const DATA =
  "{name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 16, val_limit: 32}";
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-objective-"));
beforeAll(() => useBackend("wasm"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** The validation of an untrained model at `step`. */
async function validation(model: string, exp: string, step: number) {
  const text = `model_params: ${model}\ndata_params: ${DATA}\nexp_params: ${exp}\n`;
  const loaded = await load(text, [], await projectRegistries());
  const prepared = await prepare({ ...loaded, cacheDir: cacheDir("test") });
  try {
    const rng = prepared.rng.fold("validation");
    return await validate({ ...prepared, rng }, prepared.val.batches(0), step, prepared.imageRange);
  } finally {
    await prepared.dataset.close();
  }
}
const near = (value: number | undefined, expected: number) =>
  expect(Math.abs(value! / expected - 1), `${value}, expected ${expected}`).toBeLessThan(1e-5);

describe("val/objective", () => {
  it("has the weights as at the end of their warm-up, at whatever step", async () => {
    const model = "{name: VanillaVAE, latent_dim: 4, hidden_dims: [4, 8]}";
    const exp = "{loss_weights: {kl: {value: 3, start: 0.5, warmup_steps: 100}}}";
    for (const step of [0, 50, 100]) {
      const found = await validation(model, exp, step);
      const { reconstruction, kl } = found as { reconstruction: number; kl: number };
      near(found.objective, reconstruction + 3 * kl);
      near(found.total, reconstruction + (0.5 + (2.5 * step) / 100) * kl);
    }
  });

  it("has a capacity as at the end of its rise, while the logged one is that of the step", async () => {
    const model =
      "{name: BetaVAE, latent_dim: 4, hidden_dims: [4, 8], loss_type: B, gamma: 10, max_capacity: 25, capacity_max_iter: 100}";
    for (const step of [0, 50]) {
      const found = await validation(model, "{}", step);
      const { reconstruction, kl, capacity } = found as Record<string, number>;
      expect(found.capacity_target).toBe(step / 4);
      near(capacity, Math.abs(kl! - step / 4));
      near(found.objective, reconstruction! + 10 * Math.abs(kl! - 25));
    }
  });

  it("leaves out what a discriminator says and loses", async () => {
    const model =
      "{name: FactorVAE, latent_dim: 4, hidden_dims: [4, 8], gamma: 40, discriminator_layers: 1, discriminator_width: 8}";
    const found = await validation(model, "{}", 0);
    near(found.objective, found.reconstruction! + found.kl!);
    near(found.total, found.reconstruction! + found.kl! + 40 * found.tc! + found.discriminator!);
  });

  it("is the total where nothing is scheduled or adversarial", async () => {
    const model = "{name: DFCVAE, latent_dim: 4, hidden_dims: [4, 8], feature_layers: [relu1_1]}";
    const found = await validation(model, "{kld_weight: 0.00025}", 7);
    near(found.objective, found.total!);
  });
});

it("chooses as best what is better by the weights that training comes to, though the total rises with them", async () => {
  const config = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: ${DATA}
exp_params: {LR: 0.002, loss_weights: {reconstruction: {value: 1, warmup_steps: 16}}}
trainer_params: {max_epochs: 4}
logging_params: {image_count: 4, latent_count: 0, name: warmup}
`;
  const { folder, result } = await training(root, config);
  const [header, ...rows] = readFileSync(folder.metrics, "utf8")
    .trimEnd()
    .split("\n")
    .map((row) => row.split(","));
  const column = (name: string) =>
    rows
      .map((row) => row[header!.indexOf(name)]!)
      .filter((cell) => cell !== "")
      .map(Number);
  const [total, objective] = [column("val/total"), column("val/objective")];
  expect(total).toEqual([...total].sort((a, b) => a - b)); // by it the first would be the best
  const lowest = Math.min(...objective);
  expect(objective.indexOf(lowest)).toBeGreaterThan(0);
  const best = readCheckpoint(join(folder.checkpoints, "best.safetensors"));
  expect(best.state.best).toEqual({
    monitor: "val/objective",
    mode: "min",
    value: lowest,
    step: 4 * (1 + objective.indexOf(lowest)),
  });
  expect(result!.state.best).toEqual(best.state.best);
});
