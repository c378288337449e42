import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { vae } from "../../support/cli.ts";
import { training } from "../../support/training.ts";

const cwd = mkdtempSync(join(tmpdir(), "tfjs-vae-fit-sampler-"));
const run = "tiny/version_0";
const NAMES = ["gmm", "flow", "two_stage"];
/** A command that must end well; its standard output. */
async function command(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await vae(args, { cwd });
  expect(code, stderr).toBe(0);
  return stdout;
}

beforeAll(async () => {
  const { error } = await training(
    cwd,
    `
model_params: {name: VanillaVAE, latent_dim: 3, hidden_dims: [8, 8]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 32, val_limit: 32}
trainer_params: {max_epochs: 1}
logging_params: {image_count: 4, latent_count: 8, name: tiny}
`,
  );
  expect(error).toBeUndefined();
  return () => rmSync(cwd, { recursive: true, force: true });
}, 60_000);

it("says before any is fitted what is wrong, without a trace, and what to type", async () => {
  const faults = [
    [["sample", run, "--sampler", "gnm"], 'got "gnm". Did you mean "gmm"?'],
    [["fit-sampler", run], "required option '--sampler <names>' not specified"],
    [["fit-sampler", run, "--sampler", "gmm,twostage"], 'got "twostage". Did you mean "two_stage"?'],
    [
      ["sample", run, "--sampler", "codes"],
      "got VanillaVAE, which has none to fit. Take another: --sampler gmm",
    ],
    [["sample", run, "--sampler", "gmm"], `got none. Fit it: vae fit-sampler ${run} --sampler gmm`],
  ] as const;
  for (const [args, text] of faults) {
    const { code, stderr } = await vae(args, { cwd });
    expect(stderr).toContain(text);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(code).toBeGreaterThan(0);
  }
}, 120_000);

it("fits samplers to a run; sample draws by each, evaluate compares them", async () => {
  const few = ["--components", "2", "--epochs", "2", "--batch-size", "16", "--max-images", "40"];
  const stdout = await command("fit-sampler", run, "--sampler", NAMES.join(), ...few, "--json");
  const fitted = JSON.parse(stdout) as {
    sampler: string;
    options: object;
    numbers: Record<string, number>;
  }[];
  expect(fitted.map(({ sampler }) => sampler)).toEqual(NAMES);
  expect(fitted[0]).toMatchObject({ images: 40, options: { components: 2, regularization: 1e-6 } });
  expect(fitted[1]!.options).toMatchObject({ epochs: 2, blocks: 5, batch_size: 16 });
  const unit = fitted.map(({ numbers }) => numbers.held_out_log_p_unit_gaussian);
  expect(new Set(unit).size).toBe(1);
  await command("sample", run, "--sampler", "flow", "--count", "4", "--out", "s.png");
  const args = ["--metrics", "frechet,sharpness", "--max-images", "32"];
  const table = await command("evaluate", run, ...args, "--out", "e.json");
  const row = (name: string) => Number(new RegExp(`^${name} +(\\S+) `, "m").exec(table)?.[1]);
  for (const of of ["frechet_tiny_vgg_samples", "sharpness_samples"]) {
    const found = [row(of), ...NAMES.map((name) => row(`${of}_${name}`))];
    expect(
      found.every((v) => v > 0),
      table,
    ).toBe(true);
    expect(new Set(found).size, table).toBeGreaterThan(1);
  }
}, 240_000);
