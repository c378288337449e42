import { join } from "node:path";
import { expect, test } from "vitest";
import { vae } from "../../support/cli.ts";
import { folder } from "../../support/configs.ts";

const cwd = folder({
  "good.yaml": "model_params: {name: VanillaVAE}\ndata_params: {name: shapes3d}\n",
  "bad.yaml":
    "model_params:\n  name: VanillaVAE\n  latent_dimm: 64\n  hidden_dims: []\ndata_params: {name: shapes3d}\nexp_params: {LR: -1}\n",
  "broken.yaml": "model_params: {name: VanillaVAE\n",
  "other.yaml": "model_params: {name: VanilaVAE}\ndata_params: {name: shapes3d}\n",
});
const validate = (...args: string[]) => vae(["validate", ...args], { cwd });

test("files that are right end with 0, a line each", async () => {
  const shipped = join(import.meta.dirname, "../../../configs/dfcvae.yaml");
  const { code, stdout, stderr } = await validate("good.yaml", shipped);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout.match(/^\S+: ok$/gm)).toEqual(["good.yaml: ok", `${shipped}: ok`]);
});

test("an experiment is checked with every config of its runs; as a config it is told what it is", async () => {
  const shipped = join(import.meta.dirname, "../../../configs/experiments/paper_shapes3d.yaml");
  const { code, stdout } = await validate(shipped);
  expect([code, stdout]).toEqual([0, `${shipped}: ok: 4 runs of 3 seeds, after 20 trials\n`]);
  const wrong = await validate(shipped, "--set", "runs.plain.exp_params.LRR=1");
  expect([wrong.code, wrong.stderr]).toEqual([
    2,
    expect.stringMatching(/LRR: unknown key\. Did you mean "LR"/),
  ]);
  const run = await vae(["run", "--config", shipped], { cwd });
  expect([run.code, run.stderr]).toEqual([2, expect.stringMatching(/runs: .*vae experiment FILE/)]);
});

test("all errors of all files are told at once, with file, line, column and remedy, and end with 2", async () => {
  const { code, stdout, stderr } = await validate(
    "bad.yaml",
    "good.yaml",
    "broken.yaml",
    "no.yaml",
    "other.yaml",
  );
  expect(code).toBe(2);
  expect(stdout).toMatch(/^good\.yaml: ok$/m);
  const lines = stderr.split("\n");
  const places = lines.flatMap((line) => /^(\w+\.yaml:\d+:\d+)/.exec(line)?.[1] ?? []);
  expect(places).toEqual([
    "bad.yaml:3:3",
    "bad.yaml:4:16",
    "bad.yaml:6:18",
    expect.any(String),
    "other.yaml:1:22",
  ]);
  expect(stderr).toMatch(/model_params\.latent_dimm: unknown key\. Did you mean "latent_dim"\?/);
  expect(stderr).toMatch(/hidden_dims: .*\n.*exp_params\.LR: expected .*-1/);
  expect(stderr).toMatch(/3 errors in bad\.yaml/);
  expect(stderr).toMatch(/^broken\.yaml:\d+:\d+/m);
  expect(stderr).toMatch(/no\.yaml/);
  expect(stderr).toMatch(/Did you mean "VanillaVAE"\?/);
  expect(stderr).not.toMatch(/^\s+at /m);
});

test("--set is checked too, and is the place of its own error", async () => {
  const { code, stderr } = await validate(
    "good.yaml",
    "--set",
    "model_params.latent_dim=0",
    "--set",
    "exp_params.LR=x",
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/^--set model_params\.latent_dim=0: expected/m);
  expect(stderr).toMatch(/^--set exp_params\.LR=x: expected/m);
});

test("no file is a mistake of the command line", async () => {
  const { code, stderr } = await validate();
  expect([code, stderr]).toEqual([2, expect.stringContaining("missing required argument 'files'")]);
});
