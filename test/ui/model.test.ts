import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { FORMAT } from "../../src/publish/packed_model.ts";
import type { Ui } from "../../src/ui/server.ts";
import { vae } from "../support/cli.ts";
import { folder } from "../support/configs.ts";
import { training } from "../support/training.ts";
import { ask, serve } from "../support/ui.ts";

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8]}
data_params: {name: shapes3d, size: 32, patch_size: 32, train_batch_size: 8, val_limit: 8}
trainer_params: {max_steps: 1}
logging_params: {image_count: 1, latent_count: 0, histogram_every_n_steps: 0, name: tiny}
`;

describe("a run's model for the explorer", () => {
  let ui: Ui;
  let root: string;
  const modelOf = (id: string) => fetch(`${ui.url}api/model?${new URLSearchParams({ id })}`);
  const refusal = async (id: string) => {
    const response = await modelOf(id);
    return [response.status, ((await response.json()) as { error: string }).error] as const;
  };
  beforeAll(async () => {
    process.env.TFJS_VAE_CACHE = folder({});
    root = folder({});
    expect((await training(root, CONFIG)).error).toBeUndefined();
    ui = await serve(root);
  });

  it("is packed as vae publish packs it, once for all who ask", async () => {
    const answers = await Promise.all([modelOf("tiny/version_0"), modelOf("tiny/version_0")]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const [first, second] = await Promise.all(
      answers.map(async (answer) => new Uint8Array(await answer.arrayBuffer())),
    );
    expect(first).toEqual(second);
    const { metadata, tensors } = readSafetensors(first!);
    expect(metadata.format).toBe(FORMAT);
    expect(JSON.parse(metadata.card!)).toMatchObject({ model: "VanillaVAE", trained: { step: 1 } });
    expect(tensors.get("val.places")!.shape[1]).toBe(4);
  });

  it("is packed anew with what was fitted to it since", async () => {
    const fitting = await vae(["fit-sampler", join(root, "tiny/version_0"), "--sampler", "gmm"]);
    expect([fitting.code, fitting.stderr]).toEqual([0, expect.anything()]);
    const file = new Uint8Array(await (await modelOf("tiny/version_0")).arrayBuffer());
    expect(JSON.parse(readSafetensors(file).metadata.card!).samplers).toMatchObject([{ name: "gmm" }]);
  });

  it("is refused of a run without a checkpoint, and of one that isn't there", async () => {
    mkdirSync(join(root, "new/version_0/checkpoints"), { recursive: true });
    writeFileSync(join(root, "new/version_0/config.yaml"), CONFIG);
    await ask(ui, "/api/runs"); // looks for new runs
    const [status, error] = await refusal("new/version_0");
    expect([status, error]).toEqual([409, expect.stringContaining("expected a checkpoint")]);
    expect((await refusal("none/version_0"))[0]).toBe(404);
    expect((await refusal("../../etc"))[0]).toBe(404);
  });

  it("runs no code that a run brings along", async () => {
    const marker = join(root, "ran");
    const run = join(root, "plugged/version_0");
    mkdirSync(join(run, "checkpoints"), { recursive: true });
    writeFileSync(
      join(root, "plugin.mjs"),
      `import fs from "node:fs"; fs.writeFileSync(${JSON.stringify(marker)}, "");`,
    );
    writeFileSync(join(run, "config.yaml"), `plugins: [${join(root, "plugin.mjs")}]\n${CONFIG}`);
    writeFileSync(join(run, "checkpoints/last.safetensors"), "");
    await ask(ui, "/api/runs");
    const [status, error] = await refusal("plugged/version_0");
    expect([status, error]).toEqual([409, expect.stringContaining("has plugins, whose code")]);
    expect(existsSync(marker)).toBe(false);
  });
});
