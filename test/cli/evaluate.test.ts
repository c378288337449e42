import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { vae } from "../support/cli.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-evaluate-"));
const run = join(root, "logs/tiny/version_0");
const evaluate = (...args: string[]) => vae(["evaluate", ...args], { cwd: root });

beforeAll(async () => {
  writeFileSync(
    join(root, "tiny.yaml"),
    `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 16]}
data_params: {name: shapes3d, size: 128, patch_size: 32, train_batch_size: 16, val_batch_size: 64, val_limit: 64}
trainer_params: {max_epochs: 2}
logging_params: {image_count: 4, name: tiny}
`,
  );
  const { code, stderr } = await vae(["run", "--config", "tiny.yaml", "--quiet"], { cwd: root });
  expect([code, stderr]).toEqual([0, ""]);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

it("computes every figure that the data allow, prints and writes the same, and repeats it", async () => {
  const few = ["--max-images", "64", "--draws", "4"];
  const { code, stdout, stderr } = await evaluate(run, ...few, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  const result = JSON.parse(stdout);
  expect(JSON.parse(readFileSync(join(run, "evaluation.json"), "utf8"))).toEqual(result);
  expect(result).toMatchObject({ model: "VanillaVAE", split: "test", images: 64, step: 16, draws: 4 });
  const { kl_per_dim, ...numbers } = result.figures;
  for (const [name, value] of Object.entries(numbers)) expect(value, name).toSatisfy(Number.isFinite);
  expect(Object.keys(result.left_out)).toEqual(["lpips"]);
  expect(kl_per_dim).toHaveLength(4);
  expect(kl_per_dim.reduce((a: number, b: number) => a + b)).toBeCloseTo(numbers.kl, 6);
  expect(numbers.log_likelihood).toBeGreaterThan(numbers.elbo);
  expect(numbers.psnr).toBeGreaterThan(-10 * Math.log10(numbers.mse) - 1e-6); // Jensen
  for (const name of ["mig", "sap", "dci_informativeness", "factor_vae", "beta_vae", "svm", "ssim"]) {
    expect(numbers[name], name).toBeGreaterThanOrEqual(0);
    expect(numbers[name], name).toBeLessThanOrEqual(1);
  }
  const again = await evaluate(run, ...few, "--figures", "elbo,log_likelihood,frechet", "--json");
  const repeated = JSON.parse(again.stdout).figures;
  for (const [name, value] of Object.entries(repeated)) expect(value, name).toBe(numbers[name]);
}, 120_000);

it("agrees with what validation logged, but for the noise", async () => {
  const args = [
    "--checkpoint",
    "last",
    "--split",
    "val",
    "--max-images",
    "64",
    "--out",
    join(root, "val.json"),
  ];
  const all = ["--set", "data_params.val_limit=64", "--figures", "elbo,active_units"];
  const { stdout } = await evaluate(run, ...args, ...all);
  expect(stdout).toContain("val split");
  const { figures } = JSON.parse(readFileSync(join(root, "val.json"), "utf8"));
  const [header, ...rows] = readFileSync(join(run, "metrics.csv"), "utf8").trimEnd().split("\n");
  const logged = (name: string) => Number(rows.at(-1)!.split(",")[header!.split(",").indexOf(name)]);
  expect(logged("val/psnr")).toBeGreaterThan(0);
  expect(Math.abs(logged("val/active_units") - figures.active_units)).toBeLessThanOrEqual(1);
  expect(Math.abs(logged("val/elbo") / figures.elbo - 1)).toBeLessThan(0.1);
});

it("says what is wrong with a name, a file or a split", async () => {
  const cases: [args: string[], message: RegExp][] = [
    [["--figures", "elbow"], /expected some of elbo, .*got "elbow"\. Did you mean "elbo"\?/],
    [["--figures", "lpips"], /--figures lpips: needs trained files: --lpips/],
    [["--figures", "lpips", "--lpips", "vgg"], /--lpips: expected one of alex, vgg, squeeze, a file/],
    [["--network", "inception"], /--network: expected one of tiny_vgg, .*got "inception"/],
    [
      ["--figures", "frechet", "--network", "vgg11_bn"],
      /vgg11_bn needs its weights.*vae networks fetch vgg11_bn/,
    ],
    [["--split", "tset"], /Allowed choices are train, val, test/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await evaluate(run, ...args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(2);
  }
  expect(existsSync(join(root, "logs/none"))).toBe(false);
});
