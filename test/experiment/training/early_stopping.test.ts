import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { projectRegistries } from "../../../src/config/registries.ts";
import { ConfigError, DataError } from "../../../src/errors.ts";
import { readCheckpoint } from "../../../src/experiment/runs/checkpoint.ts";
import { afterValidation, hasStopped } from "../../../src/experiment/training/early_stopping.ts";
import type { Prepared } from "../../../src/experiment/training/prepared.ts";
import { load } from "../../support/configs.ts";
import { figures } from "../../support/metrics.ts";
import { type Trained, training } from "../../support/training.ts";

/** Ten epochs of two steps, of which none after the first is better by enough. */
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 2, hidden_dims: [4, 8]}
data_params: {name: shapes3d, size: 16, patch_size: 32, train_batch_size: 8, val_batch_size: 8, val_limit: 8}
trainer_params: {max_epochs: 10, log_every_n_steps: 1, early_stopping: {patience: 2, min_delta: 1000000}}
logging_params: {image_count: 2, latent_count: 0, histogram_every_n_steps: 0, name: early}
`;
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-early-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const last = ({ folder }: Trained) => readCheckpoint(join(folder.checkpoints, "last.safetensors"));
const remains = (run: Trained) => ({
  sha256: createHash("sha256")
    .update(readFileSync(join(run.folder.checkpoints, "last.safetensors")))
    .digest("hex"),
  rows: figures(readFileSync(run.folder.metrics, "utf8")),
});

it("counts the validations in a row that are no better by enough", () => {
  const rule = { monitor: "val/psnr", mode: "max", patience: 2, minDelta: 0.5 } as const;
  let stopping: ReturnType<typeof afterValidation> | undefined;
  const seen = [Number.NaN, 20, 20.5, 20.6, 20.9, 21.1].map((value, i) => {
    stopping = afterValidation(stopping, rule, value, i);
    return [stopping.value, stopping.step, stopping.waited, hasStopped({ stopping }, rule)];
  });
  expect(seen).toEqual([
    [undefined, undefined, 1, false],
    [20, 1, 0, false],
    [20, 1, 1, false],
    [20.6, 3, 0, false],
    [20.6, 3, 1, false],
    [20.6, 3, 2, true],
  ]);
  expect(hasStopped({ stopping }, { ...rule, patience: 3 })).toBe(false);
  expect(hasStopped({ stopping }, undefined)).toBe(false);
});

describe("a run with trainer_params.early_stopping", () => {
  let stopped: Trained;
  const said: string[] = [];
  beforeAll(async () => {
    await useBackend("wasm");
    const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      said.push(String(text));
      return true;
    });
    stopped = await training(root, CONFIG).finally(() => spy.mockRestore());
  });

  it("stops after its patience and says why", () => {
    expect(stopped.error).toBeUndefined();
    const { stopping, step, epoch, ended } = last(stopped).state;
    expect({ step, epoch, ended }).toEqual({ step: 6, epoch: 3, ended: 6 });
    expect(stopping).toMatchObject({ monitor: "val/objective", mode: "min", step: 2, waited: 2 });
    expect(said.join("")).toMatch(
      /stopped early, at step 6: val\/objective got no better than [\d.]+ \(step 2\) by more than 1000000 in 2 validations/,
    );
  });

  it("stops at the same epoch, with the same bits, where a validation failed on the way", async () => {
    let validations = 0;
    const broken = await training(root, CONFIG, {
      change({ val }: Prepared) {
        const batches = val.batches.bind(val);
        val.batches = (...at) => {
          if (validations++ === 1) throw new DataError("no more images");
          return batches(...at);
        };
      },
    });
    expect(broken.error).toEqual(new DataError("no more images"));
    expect(last(broken).state).toMatchObject({ step: 4, ended: 2 });
    const whole = await training(root, CONFIG, { resume: broken.folder.path });
    expect(whole.error).toBeUndefined();
    expect(remains(whole)).toEqual(remains(stopped));
  });

  it("is at its end when it is resumed, and goes on with a larger patience", async () => {
    const resume = stopped.folder.path;
    const before = remains(stopped);
    const again = await training(root, CONFIG, { resume });
    expect(again.error).toBeUndefined();
    expect(remains(again)).toEqual(before);
    const on = await training(root, CONFIG, { resume, set: ["trainer_params.early_stopping.patience=3"] });
    expect(last(on).state).toMatchObject({ step: 8, stopping: { waited: 3 } });
  });
});

describe("mistakes are told", () => {
  const trainer = async (text: string) =>
    load(`model_params: {name: VanillaVAE}\ntrainer_params: {${text}}\n`, [], await projectRegistries());

  it.each([
    ["early_stopping: {patience: 0}", "early_stopping.patience: expected an integer ≥ 1, got 0"],
    ["early_stopping: {patence: 2}", 'early_stopping.patence: unknown key. Did you mean "patience"?'],
    ["early_stopping: {monitor: val/objektive}", 'got "val/objektive". Did you mean "val/objective"?'],
    ["early_stopping: {}, limit_val_batches: 0", "early_stopping: expected none with limit_val_batches: 0"],
    ["ema: 1", "trainer_params.ema: expected"],
    ["ema: {decay: 1.5}", "trainer_params.ema.decay: expected a number"],
    ["accumulate_grad_batches: 0", "accumulate_grad_batches: expected an integer ≥ 1, got 0"],
  ])("%s", async (text, message) => {
    await expect(trainer(text)).rejects.toThrow(ConfigError);
    await expect(trainer(text)).rejects.toThrow(message);
  });
});
