import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { dumpConfig } from "../../src/config/dump.ts";
import { loadConfig } from "../../src/config/load.ts";
import { folder } from "../support/configs.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const committed = readFileSync(`${root}schema/config.schema.json`, "utf8");
const shipped = ["configs", "configs/gallery", "examples"].flatMap((dir) =>
  readdirSync(root + dir).flatMap((file) => (file.endsWith(".yaml") ? [`${dir}/${file}`] : [])),
);

describe("each shipped config", () => {
  const check = new Ajv({ strict: false }).compile(JSON.parse(committed));

  test.each(shipped)("%s names the schema in its first line, and fits it", (file) => {
    const text = readFileSync(root + file, "utf8");
    const up = "../".repeat(file.split("/").length - 1);
    expect(text.split("\n")[0]).toBe(`# yaml-language-server: $schema=${up}schema/config.schema.json`);
    expect(check(parse(text)), JSON.stringify(check.errors)).toBe(true);
  });

  test.each(shipped)("%s is valid, and no key of it is without effect", async (file) => {
    const { notes } = await loadConfig(root + file);
    expect(notes.filter((note) => note.includes("not used"))).toEqual([]);
  });
});

test("a run's own config, which writes all defaults out, brings no note that one of them is without effect", async () => {
  const { config } = await loadConfig(`${root}configs/vanilla_vae.yaml`);
  const dir = folder({ "config.yaml": dumpConfig(config) });
  expect((await loadConfig(`${dir}/config.yaml`)).notes).toEqual([]);
  const { notes } = await loadConfig(`${dir}/config.yaml`, { set: ["exp_params.momentum=0.9"] });
  expect(notes).toEqual(["exp_params.momentum: not used by optimizer: adam."]);
});

const vae = (cwd: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${root}bin/vae.js`, ...args], {
    cwd,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
};

test("vae validate prints ok or all errors of each file and exits with 2 if there was any", () => {
  const dir = folder({
    "good.yaml":
      "model_params: {name: VanillaVAE}\ntrainer_params: {gpus: [1]}\ndata_params: {name: shapes3d}\n",
    "bad.yaml": "model_params: {name: VanillaVAE, latent_dim: 0}\n",
    "mine.mjs": "throw new Error('no');",
    "plugin.yaml": "plugins: [mine.mjs]\nmodel_params: {name: Mine}\n",
  });
  const all = vae(dir, "validate", "good.yaml", "bad.yaml", "plugin.yaml", "none.yaml");
  expect(all.stdout).toBe(
    "good.yaml: ok\n  note: trainer_params.gpus: not used; --backend chooses the kind of device, trainer_params.devices how many.\n",
  );
  expect(all.stderr.split("\n")).toEqual([
    "bad.yaml:1:46 model_params.latent_dim: expected an integer ≥ 1, got 0",
    "1 error in bad.yaml",
    "plugin.yaml:1:11 plugins mine.mjs (line 1:7): Error: no",
    expect.stringMatching(/^no file none\.yaml\./),
    "",
  ]);
  expect(all.status).toBe(2);
  const good = vae(dir, "validate", "bad.yaml", "--set", "model_params.latent_dim=4");
  expect([good.status, good.stderr]).toEqual([0, ""]);
});

test("the output that docs/config.md shows is what vae validate prints", () => {
  const docs = readFileSync(`${root}docs/config.md`, "utf8");
  const [, yaml, output] = /`configs\/mistakes\.yaml`\n\n```yaml\n(.*?)```.*?prints\n\n```\n(.*?)```/s.exec(
    docs,
  )!;
  const dir = folder({ "configs/mistakes.yaml": yaml! });
  expect(vae(dir, "validate", "configs/mistakes.yaml").stderr).toBe(output);
});

test("a run's own config says every value that the run uses, also those that depend on others", async () => {
  const yaml =
    "model_params: {name: DFCVAE}\ndata_params: {name: mnist}\nexp_params: {reconstruction: pixel_mean}\n";
  const dir = folder({ "my.yaml": yaml });
  const { config } = await loadConfig(`${dir}/my.yaml`);
  const kept = parse(dumpConfig(config));
  expect(kept.exp_params).toMatchObject({ reconstruction: "pixel_mean", kld_weight: 0.00025 });
  expect(kept.trainer_params).toMatchObject({ max_epochs: 10, on_nan: "stop", checkpoint: { keep_last: 0 } });
  expect(kept.data_params).toMatchObject({ patch_size: 28, train_batch_size: 64 });
  expect(kept.logging_params).toMatchObject({ name: "DFCVAE", save_dir: "logs/" });
  expect(kept.model_params).toMatchObject({
    feature_network: { name: "tiny_vgg", normalize: "imagenet" },
    feature_layers: ["relu1_2", "relu2_2", "relu3_2"],
    decoder_batch_norm_eps: 1e-5,
  });
  const again = folder({ "config.yaml": dumpConfig(config) });
  expect((await loadConfig(`${again}/config.yaml`)).config).toEqual(config);
  const steps = await loadConfig(`${dir}/my.yaml`, { set: ["trainer_params.max_steps=5"] });
  expect(steps.config.trainer_params.max_epochs).toBeUndefined();
});
