import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { openNewest } from "../../../src/experiment/runs/newest_run.ts";
import { allTests } from "../../support/all_tests.ts";
import { startVae, vae } from "../../support/cli.ts";
import { folder } from "../../support/configs.ts";

const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 2, hidden_dims: [4, 8]}
data_params: {name: shapes3d, size: 32, patch_size: 32, train_batch_size: 8, val_batch_size: 8, val_limit: 8}
trainer_params: {check_val_every_n_epoch: 100, log_every_n_steps: 1}
logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0, name: tiny}
`;
const SWEEP = `
name: halved
seeds: [3]
steps: 6
shared: {extends: c.yaml}
sweep:
  ranges: {exp_params.LR: [1e-4, 1e+15, 1e-2, 1e-3]}
  halving: {first: 2, eta: 2}
`;
const cwd = folder({ "c.yaml": CONFIG, "x.yaml": SWEEP });
const out = join(cwd, "logs/experiments/halved");
const rowsOf = (table: string) => table.split("\n").filter((line) => /^\| \d/.test(line));

it.runIf(allTests)(
  "stopped and gone on with, halves to the end; who fails is in the table, and complete runs are left alone",
  async () => {
    const args = ["experiment", "x.yaml", "--backend", "wasm", "--jobs", "2"];
    const stopped = await vae(args, { cwd, signalAt: { text: " at step 2", signal: "SIGINT" } });
    expect([stopped.code, stopped.stderr]).toEqual([130, ""]);
    expect(stopped.stdout).toMatch(
      /stopped, all saved\. To go on: vae experiment x\.yaml --backend wasm --jobs 2\n$/,
    );
    expect(stopped.stdout).toMatch(
      /wasm, 2 at a time on this machine, \d+ threads? each; 4 not at their end/,
    );

    const on = await vae(args, { cwd });
    expect(on.code).toBe(1);
    expect(on.stderr).toMatch(
      /^1 training failed; the same command trains what is missing: vae experiment x\.yaml/,
    );
    const table = readFileSync(join(out, "table.md"), "utf8");
    expect(on.stdout).toContain(table);
    const rows = rowsOf(table);
    expect(rows).toHaveLength(4);
    expect(rows[0]).toMatch(/^\| 1 \| 0\.\d+ \| \*\*\d+\*\* \|.* \| 6 \| {2}\|$/); // trained to the end
    expect(rows.at(-1)).toMatch(/\| 1000000000000000 \| {2}\|.*\| 0 \| failed: .*not finite/);
    const ended = rows.filter((row) => row.includes("ended at rung"));
    expect(ended.length).toBeGreaterThan(0);
    const csv = readFileSync(join(out, "table.csv"), "utf8").split("\n");
    expect(csv[0]).toMatch(/^rank,run,exp_params\.LR,seed,step,state,val\/objective,/);
    for (const name of ["parallel.png", "curves.png"])
      expect((await sharp(join(out, name)).metadata()).width).toBeGreaterThan(200);

    const best = readFileSync(join(out, "best.yaml"), "utf8");
    expect(best).toContain("#   vae run --config logs/experiments/halved/best.yaml");
    const [, , LR] = rows[0]!.split(" | ")[1]!.match(/((.*))/)!;
    expect(best).toContain(`  LR: ${LR}\n`);
    const folderOf = csv[1]!.split(",")[1]!;
    const checkpoint = join(out, folderOf, "seed_3/version_0/checkpoints/last.safetensors");
    expect(existsSync(join(out, folderOf, "seed_3/version_1"))).toBe(false); // gone on with, not begun anew
    const { mtimeMs } = statSync(checkpoint);
    const report = await vae(["experiment", "x.yaml", "--report"], { cwd });
    expect([report.code, report.stderr]).toEqual([0, ""]);
    expect(rowsOf(report.stdout).map((row) => row.split(" | ").slice(0, 3))).toEqual(
      rows.map((row) => row.split(" | ").slice(0, 3)),
    );
    expect(statSync(checkpoint).mtimeMs).toBe(mtimeMs);
  },
  300_000,
);

it("of vae run, too, and what can't be is told in a sentence", async () => {
  const run = (...args: string[]) => vae(["run", "--config", "c.yaml", ...args], { cwd });
  const sweep = ["--sweep", "exp_params.LR=0.01", "--set", "trainer_params.max_steps=1", "--backend", "wasm"];
  const { code, stdout, stderr } = await run(...sweep);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("1 run with 1 seed, by val/objective (min)");
  expect(rowsOf(stdout)[0]).toMatch(/^\| 1 \| 0\.01 \| \*\*\d+\*\* \|/);
  expect(existsSync(join(cwd, "logs/sweeps/tiny/LR=0.01/seed_1265/version_0/config.yaml"))).toBe(true);
  const status = await run(...sweep, "--status");
  expect(status.stdout).toMatch(/^run +step +state\nLR=0\.01 +1 +done\n$/);
  const errors = await Promise.all([
    run("--random", "3"),
    run("--sweep", "exp_params.LR=1,2", "--until", "3"),
    vae(["experiment", "x.yaml", "--set", "steps=2"], { cwd }),
  ]);
  expect(errors.map((error) => [error.code, error.stderr])).toEqual([
    [2, expect.stringMatching(/^vae run --random: expected --sweep KEY=RANGE with it, such as .*\n$/)],
    [2, expect.stringMatching(/^vae run --until: expected it without --sweep: .*\n$/)],
    [2, "x.yaml sweep.halving.first: expected fewer steps than a run has, 2, got 2\n"],
  ]);
}, 300_000);

it.runIf(allTests)(
  "two commands at once share a sweep's runs: none is trained twice, and both end with all",
  async () => {
    const ranges = ["--sweep", "exp_params.LR=1e-4,1e-3,1e-2", "--out", "shared"];
    const settings = ["--set", "trainer_params.max_steps=60", "--backend", "wasm"];
    const held = await openNewest(join(cwd, "shared/LR=0.0001"), "seed_1265");
    const both = [1, 2].map(() => startVae(["run", "--config", "c.yaml", ...ranges, ...settings], { cwd }));
    await Promise.all(both.map(({ said }) => said("LR=0.0001: another command trains it (")));
    held.release();
    const ended = await Promise.all(both.map((one) => one.ended));
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    for (const { stdout } of ended)
      expect(rowsOf(stdout).filter((row) => row.includes(" | 60 |"))).toHaveLength(3);
    for (const run of ["LR=0.0001", "LR=0.001", "LR=0.01"]) {
      const left = readdirSync(join(cwd, "shared", run, "seed_1265")).sort();
      expect(left).toEqual(["member.yaml", "output.txt", "version_0"]);
      const metrics = readFileSync(join(cwd, "shared", run, "seed_1265/version_0/metrics.csv"), "utf8");
      const steps = metrics.split("\n").flatMap((row) => /^(\d+),/.exec(row)?.[1] ?? []);
      expect(new Set(steps).size).toBe(60);
    }
  },
  300_000,
);
