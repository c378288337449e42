import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { allTests } from "../support/all_tests.ts";
import { vae } from "../support/cli.ts";
import { folder } from "../support/configs.ts";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const SMALL = `
  data_params: {name: shapes3d, size: 16, patch_size: 32, train_batch_size: 8, val_batch_size: 8, val_limit: 8}
  trainer_params: {checkpoint: {every_n_steps: 1}}
  logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0}`;
const MODEL = "{name: FreeBitsVAE, latent_dim: 2, hidden_dims: [4, 8], free_nats: 0.25}";
const cwd = folder({
  "mine.ts": readFileSync(join(examples, "free_bits_vae.ts")),
  "run.yaml": `plugins: [./mine.ts]\nmodel_params: ${MODEL}\n${SMALL.replaceAll("\n  ", "\n")}\n`,
  "experiment.yaml": `name: e\nseeds: [1]\nsteps: 1\nshared:${SMALL}
runs:
  mine: {plugins: [./mine.ts], model_params: ${MODEL}}
  again: {plugins: [./mine.ts], model_params: {name: FreeBitsVAE, latent_dim: 3, hidden_dims: [4, 8]}}
evaluation: {figures: [psnr], max_images: 4}
contact_sheet: {images: 2}
`,
  "wrong.mjs": readFileSync(join(examples, "spread_vae.mjs"), "utf8").replace(
    "spread: spread(",
    "sprea: spread(",
  ),
  "wrong.yaml": `plugins: [./wrong.mjs]\nmodel_params: {name: SpreadVAE, latent_dim: 2, hidden_dims: [4, 8]}\n${SMALL.replaceAll("\n  ", "\n")}\n`,
});
const wasm = ["--backend", "wasm"];
const command = async (...args: string[]) => {
  const { code, stdout, stderr } = await vae(args, { cwd });
  expect(code, `${args.join(" ")}: ${stderr}`).toBe(0);
  return stdout;
};

test("modules load beside the package.json that npm init makes", async () => {
  const beside = folder({
    "package.json": '{"type": "commonjs"}',
    "mine.ts": readFileSync(join(examples, "free_bits_vae.ts")),
    "mine.js": readFileSync(join(examples, "spread_vae.mjs")),
    "ts.yaml": `plugins: [./mine.ts]\nmodel_params: ${MODEL}\ndata_params: {name: shapes3d}\n`,
    "js.yaml": "plugins: [./mine.js]\nmodel_params: {name: SpreadVAE}\ndata_params: {name: shapes3d}\n",
  });
  expect(await vae(["validate", "ts.yaml", "js.yaml"], { cwd: beside })).toMatchObject({
    stdout: "ts.yaml: ok\njs.yaml: ok\n",
    stderr: "",
  });
});

test.runIf(allTests)(
  "a variant of a plugin in TypeScript works in every command",
  { timeout: 180_000 },
  async () => {
    expect(await command("validate", "run.yaml", "experiment.yaml")).toBe(
      "run.yaml: ok\nexperiment.yaml: ok: 2 runs of 1 seed\n",
    );
    const steps = ["--set", "trainer_params.max_steps=1"];
    expect(await command("run", "--config", "run.yaml", ...steps, ...wasm)).toMatch(/free_bits \d/);
    const run = "logs/FreeBitsVAE/version_0";
    expect(readFileSync(join(cwd, run, "config.yaml"), "utf8")).toContain("mine.ts");
    await command("run", "--resume", run, "--set", "trainer_params.max_steps=2", ...wasm);
    await command("sample", run, "--count", "2", "--out", "samples.png", ...wasm);
    expect(existsSync(join(cwd, "samples.png"))).toBe(true);
    const figures = await command(
      "evaluate",
      run,
      "--max-images",
      "4",
      "--metrics",
      "psnr",
      "--json",
      ...wasm,
    );
    expect(JSON.parse(figures)).toMatchObject({
      model: "FreeBitsVAE",
      figures: { psnr: expect.any(Number) },
    });
    const speed = await command(
      "bench",
      "--config",
      "run.yaml",
      "--steps",
      "1",
      "--warmup",
      "1",
      "--no-phases",
      "--json",
      ...wasm,
    );
    expect(JSON.parse(speed)).toMatchObject({ model: "FreeBitsVAE", batch_size: 8 });
    expect(await command("experiment", "experiment.yaml", ...wasm)).toContain(
      "| metric | unit | better | mine | again |",
    );
  },
);

test("a mistake of a plugin's ends with 2, its line, and no word of a bug", async () => {
  const { code, stderr } = await vae(["run", "--config", "wrong.yaml", ...wasm], { cwd });
  expect(stderr).toBe(
    'wrong.mjs:28: SpreadVAE, phase "vae", term "sprea": expected one that terms() declares (reconstruction, kl, spread), got another. Did you mean "spread"?\n',
  );
  expect(code).toBe(2);
  expect(readdirSync(join(cwd, "logs", "SpreadVAE")), "a run without a step").toEqual([]);
});
