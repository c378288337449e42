import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { UserError } from "../../../src/errors.ts";
import { openTrained } from "../../../src/experiment/trained/open_trained.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { newCtx } from "../../../src/models/ctx.ts";
import { Rng } from "../../../src/rng.ts";
import { tf } from "../../../src/tf.ts";
import { vae } from "../../support/cli.ts";
import { failure } from "../../support/data.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-open-run-"));
const run = join(root, "logs/tiny/version_0");
const options = { backend: "cpu" };
const message = async (path: string, more: object = {}) => {
  const error = await failure(openTrained(path, { ...options, ...more }));
  expect(error).toBeInstanceOf(UserError);
  return error.message.replaceAll(`${root}/`, "");
};

beforeAll(async () => {
  writeFileSync(
    join(root, "tiny.yaml"),
    `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8]}
data_params: {name: shapes3d, size: 16, patch_size: 32, train_batch_size: 16, val_batch_size: 8, val_limit: 8}
trainer_params: {max_epochs: 2}
logging_params: {image_count: 4, name: tiny}
`,
  );
  const { code, stderr } = await vae(["run", "--config", "tiny.yaml", "--quiet"], { cwd: root });
  expect([code, stderr]).toEqual([0, ""]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("openTrained", () => {
  it("gives the model with a run's parameters, its config, place and data", async () => {
    const opened = await openTrained(run, { ...options, checkpoint: "last" });
    expect(opened).toMatchObject({ runDir: run, state: { step: 2, epoch: 2 }, imageShape: [32, 32, 3] });
    expect(opened.config.model_params.latent_dim).toBe(4);
    const stored = readSafetensors(join(run, "checkpoints/last.safetensors"));
    for (const [name, { value }] of opened.vae.params)
      expect(value.dataSync(), name).toEqual(stored.tensors.get(`model.${name}`)!.data);
    const images = tf.tidy(() => opened.vae.sample!(2, newCtx({ training: false, rng: Rng.fromSeed(1) })));
    expect(images.shape).toEqual([2, 32, 32, 3]);
    images.dispose();
    const loader = await opened.loader("test", { limit: 5, batchSize: 4 });
    const sizes: number[] = [];
    for await (const batch of loader.batches(0)) sizes.push(batch.shape[0]);
    expect(sizes).toEqual([4, 1]);
    await opened.close();
  });

  it("takes the best checkpoint, the last, or a file", async () => {
    const file = join(run, "checkpoints/last.safetensors");
    const elsewhere = join(root, "copy.safetensors");
    copyFileSync(file, elsewhere);
    const cases: [path: string, checkpoint: string | undefined, taken: string][] = [
      [run, undefined, join(run, "checkpoints/best.safetensors")],
      [run, "last", file],
      [run, "last.safetensors", file],
      [run, elsewhere, elsewhere],
      [file, undefined, file],
    ];
    for (const [path, checkpoint, taken] of cases) {
      const opened = await openTrained(path, { ...options, ...(checkpoint && { checkpoint }) });
      expect(opened.checkpoint).toBe(taken);
      await opened.close();
    }
  });

  it("leaves no tensor when closed, or when the checkpoint doesn't fit", async () => {
    await (await openTrained(run, options)).close();
    const before = tf.memory().numTensors;
    await (await openTrained(run, options)).close();
    expect(await message(run, { set: ["model_params.latent_dim=5"] })).toContain(
      "tensors don't fit the model of the config",
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  it("says what is wrong with a path, and what there is", async () => {
    const empty = join(root, "empty");
    mkdirSync(empty);
    const stopped = join(root, "logs/tiny/version_1");
    mkdirSync(join(stopped, "checkpoints"), { recursive: true });
    copyFileSync(join(run, "config.yaml"), join(stopped, "config.yaml"));
    const torch = join(root, "vae.ckpt");
    for (const file of [torch, join(root, "x.safetensors")]) writeFileSync(file, "");
    expect(await message(join(root, "logs/tiny/version_9"))).toBe(
      '"logs/tiny/version_9": expected the folder of a run, such as logs/DFCVAE/version_0, or one of its ' +
        "checkpoints, got nothing there. Runs there: logs/tiny/version_0, logs/tiny/version_1.",
    );
    expect(await message(empty)).toContain("got a folder without them. There are no runs near it");
    expect(await message(join(root, "logs"))).toContain("Runs there: logs/tiny/version_0");
    expect(await message(stopped)).toContain("vae run --resume logs/tiny/version_1");
    expect(await message(torch)).toContain("vae import vae.ckpt --config FILE --out RUN");
    expect(await message(join(root, "x.safetensors"))).toContain("vae … RUN --checkpoint FILE");
    expect(await message(run, { checkpoint: "bset" })).toContain(
      'expected last, best or a file, got "bset". Checkpoints of logs/tiny/version_0: best.safetensors, last.safetensors, previous.safetensors.',
    );
    expect(await message(join(run, "checkpoints/last.safetensors"), { checkpoint: "best" })).toContain(
      "Leave one of them out.",
    );
  });
});
