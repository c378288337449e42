import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { UserError } from "../../../src/errors.ts";
import { readCheckpoint } from "../../../src/experiment/runs/checkpoint.ts";
import { createRun } from "../../../src/experiment/runs/run_folder.ts";
import { prepare } from "../../../src/experiment/training/prepare.ts";
import { train } from "../../../src/experiment/training/runner.ts";
import { cacheDir } from "../../../src/files/cache_dir.ts";
import { trainingBackends } from "../../support/backends.ts";

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_limit: 16}
trainer_params: {max_epochs: 3, log_every_n_steps: 2, limit_val_batches: 0}
logging_params: {image_count: 4, name: nan}
`;
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-nan-"));
beforeAll(() => writeFileSync(join(root, "nan.yaml"), CONFIG));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A run in whose data the batches at `poisoned` (counted over the epochs) hold an image that is not a number. */
async function run(backendName: string, poisoned: readonly number[], ...set: string[]) {
  const backend = await useBackend(backendName);
  const { config, baseDir } = await loadConfig(join(root, "nan.yaml"), { set });
  const prepared = await prepare({ config, baseDir, cacheDir: cacheDir("test") });
  const { train: loader } = prepared;
  const batches = loader.batches.bind(loader);
  loader.batches = async function* (epoch, from = 0) {
    let index = epoch * loader.batchesPerEpoch + from;
    for await (const batch of batches(epoch, from)) {
      if (poisoned.includes(index++)) batch.images[100] = Number.NaN;
      yield batch;
    }
  };
  const folder = createRun(root, "nan");
  try {
    await train({ config, baseDir, prepared, folder, backend, resume: false, quiet: true });
    return { folder, error: undefined };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { folder, error: error.message };
  } finally {
    folder.release();
    await prepared.close();
  }
}

const last = (folder: { checkpoints: string }) =>
  readCheckpoint(join(folder.checkpoints, "last.safetensors"));
const values = (folder: { checkpoints: string }) =>
  [...last(folder).tensors].map(([name, { data }]) => [
    name,
    Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"),
  ]);

describe.each(trainingBackends)("a loss that is not a number, on %s", (backend) => {
  it("stops the run with step, terms, gradient norms and rate, and leaves the step before it, to the bit", async () => {
    const { folder, error } = await run(backend, [6]);
    expect(error).toMatch(
      /^step 7: the loss is no longer finite: reconstruction NaN, kl NaN, total NaN, gradient_norm NaN, learning_rate 0\.001\. /,
    );
    expect(error).toMatch(/Gradient norms: \d+ of \d+ are not finite: \w+/);
    expect(error).toMatch(/The last good step, 6, is in .*checkpoints: vae run --resume/);
    expect(last(folder).state).toMatchObject({ step: 6, epoch: 1, batch: 2 });
    const unbroken = await run(backend, [], "trainer_params.max_steps=6");
    expect(values(folder)).toEqual(values(unbroken.folder));
  });

  it("is skipped where that is asked for: the steps around it are of the state without it", async () => {
    const { folder, error } = await run(backend, [4, 5], "trainer_params.on_nan=skip");
    expect(error).toBeUndefined();
    expect(last(folder).state).toMatchObject({ step: 12, epoch: 3, skipped: 0 });
    const rows = readFileSync(folder.metrics, "utf8").trimEnd().split("\n");
    expect(rows.map((row) => row.split(",")[0])).toEqual(["step", "1", "2", "4", "8", "10", "12"]);
    expect(rows.join("\n")).not.toMatch(/NaN|Infinity/);
    const after = await run(backend, [4, 5], "trainer_params.on_nan=skip", "trainer_params.max_steps=6");
    const before = await run(backend, [], "trainer_params.max_steps=4");
    expect(values(after.folder)).toEqual(values(before.folder));
  });

  it("that comes ten times and once more in a row stops the run all the same", async () => {
    const all = Array.from({ length: 40 }, (_, i) => i + 1);
    const set = ["trainer_params.on_nan=skip", "trainer_params.max_epochs=10"];
    const { folder, error } = await run(backend, all, ...set);
    expect(error).toMatch(/^step 12: .*10 steps in a row were skipped/);
    const one = await run(backend, [], "trainer_params.max_steps=1");
    expect(values(folder)).toEqual(values(one.folder));
  });
});
