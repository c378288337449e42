import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { expect, it } from "vitest";
import { loadConfig } from "../../../src/config/load.ts";
import { cpuPlugin } from "../../backends/xla/pjrt/plugin.ts";
import { allTests } from "../../support/all_tests.ts";
import { vae } from "../../support/cli.ts";
import { folder } from "../../support/configs.ts";

const SMALL = `
name: small
seeds: [1, 2]
steps: 3
shared:
  model_params: {latent_dim: 4, hidden_dims: [4, 8]}
  data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 8, val_batch_size: 32, val_limit: 32}
  trainer_params: {checkpoint: {every_n_steps: 50}}
  logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0}
runs:
  plain: {model_params: {name: VanillaVAE}}
  dfcvae: {model_params: {name: DFCVAE, feature_layers: [relu1_1]}}
evaluation:
  metrics: [psnr, sharpness, perceptual, svm]
  max_images: 32
  network: [{name: squeezenet1_1, weights: random}, tiny_vgg]
contact_sheet: {images: [0, 5, 9], sample_rows: 1}
`;
const cwd = folder({ "x.yaml": SMALL });
const experiment = (...args: string[]) => vae(["experiment", "x.yaml", ...args], { cwd });
const out = join(cwd, "logs/experiments/small");

it("is told before anything is trained that the network that judges is missing", async () => {
  const { code, stderr } = await experiment(
    "--set",
    "evaluation.network={name: squeezenet1_1, weights: none.pth}",
  );
  expect(stderr).toMatch(/x\.yaml: evaluation\.network\.weights: no file .*none\.pth/);
  expect(code).toBe(2);
  const lpips = await experiment("--set", "evaluation.metrics=[lpips]");
  expect(lpips.stderr).toMatch(/evaluation\.metrics: lpips needs trained files: evaluation\.lpips/);
  const data = await experiment(
    "--set",
    "shared.data_params={name: image_folder, size: null, data_path: nowhere}",
  );
  expect(data.stderr).toMatch(/runs\.plain: data_params\.data_path: .*--set shared\.data_params\.data_path=/);
  expect(existsSync(out)).toBe(false);
}, 60_000);

it("trains, goes on after a signal, leaves what is complete, and makes the same table again", async () => {
  const long = ["--set", "steps=150"];
  const { code, stdout, stderr } = await vae(["experiment", "x.yaml", ...long], {
    cwd,
    signalAt: { text: "step 1/150", signal: "SIGINT" },
  });
  expect([code, stderr]).toEqual([130, ""]);
  expect(stdout).toMatch(
    /stopped in plain, seed 1 at step \d+, saved\. To go on: vae experiment x\.yaml --set steps=150\n/,
  );

  const other = await experiment("--set", "steps=151");
  expect(other.code).toBe(2);
  expect(other.stderr).toMatch(/trainer_params\.max_steps: there 150, now 151[\s\S]*--out/);

  const on = await experiment(...long, "--set", "seeds=[1]");
  expect([on.code, on.stderr]).toEqual([0, ""]);
  expect(on.stdout).toMatch(/plain, seed 1: going on at step \d+/);
  expect(on.stdout).toContain("| metric | unit | better | plain | dfcvae |");

  const checkpoint = join(out, "plain/seed_1/version_0/checkpoints/last.safetensors");
  const { mtimeMs } = statSync(checkpoint);
  const whole = await experiment(...long);
  expect([whole.code, whole.stderr]).toEqual([0, ""]);
  expect(whole.stdout).toContain("[1/4] plain, seed 1: done, as it was");
  expect(whole.stdout).toContain("[4/4] dfcvae, seed 2: done in");
  expect(statSync(checkpoint).mtimeMs).toBe(mtimeMs);

  const table = readFileSync(join(out, "table.md"), "utf8");
  expect(whole.stdout).toContain(table);
  expect(table).toMatch(/\| psnr \| dB \| higher \| .*\d ± \d/);
  expect(table).toMatch(/\| perceptual_squeezenet1_1 \| {2}\| lower \| [*\d]/);
  expect(table).toMatch(/\| perceptual_tiny_vgg \| {2}\| lower \| \d.* \| \(\d.*\) \|/); // by which dfcvae learns
  expect(table).toMatch(
    /^Judged by squeezenet1_1 and tiny_vgg\. In brackets: by a network that the run learned by/m,
  );
  expect(whole.stdout).toMatch(/note {3}evaluation\.network: tiny_vgg is also what dfcvae learned by/);
  const csv = readFileSync(join(out, "table.csv"), "utf8");
  const [header, ...rows] = csv.trimEnd().split("\n");
  expect(header).toBe("figure,unit,better,run,mean,deviation,best,seed_1,seed_2");
  const [, , , , mean, , , first, second] = rows
    .find((row) => row.startsWith("psnr,dB,higher,plain"))!
    .split(",");
  expect(Number(mean)).toBeCloseTo((Number(first) + Number(second)) / 2, 9);
  // Images, two runs' reconstructions, a row of samples each; three columns.
  const { width, height } = await sharp(join(out, "contact_sheet.png")).metadata();
  expect(height).toBe(2 + 5 * 130);
  expect(width).toBeGreaterThan(3 * 130);

  for (const name of ["table.md", "table.csv", "contact_sheet.png"]) rmSync(join(out, name));
  rmSync(join(out, "dfcvae/seed_2"), { recursive: true });
  const report = await experiment(...long, "--report");
  expect([report.code, report.stderr]).toEqual([0, ""]);
  expect(report.stdout).toContain("note   dfcvae, seed 2: not there yet");
  expect(readFileSync(join(out, "table.md"), "utf8")).toContain("Not complete");
  expect(existsSync(join(out, "contact_sheet.png"))).toBe(true);
}, 180_000);

it("goes on with the others where a run's loss is no longer finite, and tells it by its exit code", async () => {
  const args = ["--out", "broken", "--set", "seeds=[1]", "--set", "runs.plain.exp_params={LR: 1e15}"];
  const { code, stdout, stderr } = await experiment(...args);
  expect(stdout).toMatch(/note {3}plain, seed 1: step \d: the loss is no longer finite/);
  expect(stdout).toContain("[2/2] dfcvae, seed 1: done in");
  expect(stdout).toContain("Not complete, there are: dfcvae 1.");
  expect(stderr).toMatch(
    /^1 training failed; the same command makes what is missing: vae experiment x\.yaml --out broken/,
  );
  expect(code).toBe(1);
}, 60_000);

it("has nothing to report of where nothing was trained", async () => {
  const { code, stderr } = await experiment("--report", "--out", "elsewhere");
  expect(stderr).toBe(
    "elsewhere: expected runs that are evaluated, got none. Make some: vae experiment x.yaml\n",
  );
  expect(code).toBe(1);
});

it.runIf(allTests)(
  "compares samplers fitted to each run, and leaves out of a run what its model doesn't have",
  async () => {
    const own = folder({
      "x.yaml": `
name: mixed
seeds: [1]
steps: 2
shared:
  data_params: {name: shapes3d, size: 40, patch_size: 32, train_batch_size: 8, val_batch_size: 32, val_limit: 32}
  logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0}
runs:
  gaussian: {model_params: {name: VanillaVAE, latent_dim: 2, hidden_dims: [4, 8]}}
  codes: {model_params: {name: VQVAE, hidden_dims: [4, 8], embedding_dim: 4, num_embeddings: 16, residual_layers: 1}}
evaluation: {metrics: [kl, frechet], samplers: [gmm, codes], max_images: 32}
contact_sheet: {images: 2, sample_rows: 1}
`,
    });
    const device = cpuPlugin === undefined ? "wasm" : "xla:cpu";
    const args = ["experiment", "x.yaml", "--backend", device, "--jobs", "2"];
    const { code, stdout, stderr } = await vae(args, { cwd: own });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/, 2 at a time on this machine, .*; 2 to train; in /);
    expect(stdout).toMatch(/\ngaussian: evaluated \(/);
    const output = join(own, "logs/experiments/mixed/codes/seed_1/output.txt");
    expect(readFileSync(output, "utf8")).toContain(`vae experiment x.yaml --backend ${device} --evaluate `);
    const cells = (metric: string) =>
      /\| lower \| (.*) \|/
        .exec(stdout.split("\n").find((line) => line.startsWith(`| ${metric} |`))!)![1]!
        .split(" | ");
    expect(cells("frechet_tiny_vgg_samples").every((cell) => /\d/.test(cell))).toBe(true);
    expect(cells("frechet_tiny_vgg_samples_gmm").map((cell) => /\d/.test(cell))).toEqual([true, false]);
    expect(cells("frechet_tiny_vgg_samples_codes").map((cell) => /\d/.test(cell))).toEqual([false, true]);
    expect(stdout).toMatch(/\| kl \| nats \| – \| \d[\d.e+-]* \| {2}\|/);
    expect((await vae(["experiment", "x.yaml"], { cwd: own })).stdout).toContain(
      "codes, seed 1: done, as it was",
    );
  },
  120_000,
);

it.runIf(allTests)(
  "chooses values of each run by trials, goes on with them after a signal, and tells what it tried",
  async () => {
    const own = folder({
      "x.yaml": SMALL.replace("name: small", "name: searched")
        .replace("[psnr, sharpness, perceptual, svm]", "[perceptual]")
        .replace(
          "[{name: squeezenet1_1, weights: random}, tiny_vgg]",
          "[tiny_vgg, {name: squeezenet1_1, weights: random}]",
        )
        .replace(
          "shared:",
          "search: {metric: perceptual_NETWORK, steps: 20, shared: {exp_params.LR: [0.00003, 0.003, 100000.0]}}\nshared:",
        ),
    });
    const searched = (...args: string[]) =>
      vae(["experiment", "x.yaml", "--set", "seeds=[1]", ...args], { cwd: own });
    const stopped = await vae(["experiment", "x.yaml", "--set", "seeds=[1]"], {
      cwd: own,
      signalAt: { text: "[4/6]", signal: "SIGINT" },
    });
    expect(stopped.code).toBe(130);
    const early = await searched("--report");
    expect(early.stderr).toMatch(/expected runs that are evaluated, got none/);
    expect(early.code).toBe(1);

    const { code, stdout, stderr } = await searched();
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/note {3}plain,LR=100000, seed 0: step \d+: the loss is no longer finite/); // and no end of the others
    expect(stdout).toContain("[1/6] plain,LR=0.00003, seed 0: done, as it was");
    const folderOf = join(own, "logs/experiments/searched");
    const lines = readFileSync(join(folderOf, "search.md"), "utf8").split("\n");
    expect(lines).toContain("| run | exp_params.LR | perceptual_NETWORK | NETWORK |");
    for (const [run, judge] of [
      ["plain", "tiny_vgg"],
      ["dfcvae", "squeezenet1_1"],
    ] as const) {
      const trials = lines.filter((line) => line.startsWith(`| ${run} |`)).map((line) => line.split(" | "));
      expect(trials.at(-1)!.join()).toMatch(/100000,step \d+: the loss is no longer finite/);
      const numberOf = (cell: string) => Number(cell.replace(/\*\*|\|/g, ""));
      const best = trials.slice(0, 2).toSorted((a, b) => numberOf(a[2]!) - numberOf(b[2]!))[0]!;
      expect(best[3]).toContain(judge);
      expect(trials.filter(([, cell]) => cell!.startsWith("**"))).toEqual([best]);
      const LR = numberOf(best[1]!);
      expect(stdout).toContain(`${run}: exp_params.LR ${LR}, by perceptual_${judge}\n`);
      expect(stdout).toMatch(
        new RegExp(
          `^Chosen before by perceptual_NETWORK on images of val \\(search\\.md\\): .*${run}: exp_params\\.LR ${LR}\\b`,
          "m",
        ),
      );
      const { config } = await loadConfig(join(folderOf, run, "seed_1/version_0/config.yaml"));
      expect(config.exp_params.LR).toBe(LR);
    }
    expect((await searched("--status")).stdout).toMatch(
      /^trials:\n[\s\S]*dfcvae,LR=0\.003.*done[\s\S]*^runs:\n[\s\S]*plain.*done/m,
    );

    const tables = () => ["search.md", "table.md"].map((name) => readFileSync(join(folderOf, name), "utf8"));
    const before = tables();
    const evaluations = readdirSync(folderOf, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith("experiment_evaluation.json"),
    );
    for (const file of evaluations) rmSync(join(folderOf, file));
    const apart = await searched("--jobs", "3"); // each in a process of its own
    expect([apart.code, apart.stderr]).toEqual([0, ""]);
    expect(apart.stdout.match(/: evaluated \(/g)).toHaveLength(evaluations.length);
    expect(evaluations).toHaveLength(4 + 2);
    expect(tables()).toEqual(before);

    const table = () => readFileSync(join(folderOf, "table.md"), "utf8");
    const whole = table();
    const other = await searched("--report", "--set", "search.shared={exp_params.LR: [0.00003]}");
    expect(other.stdout).toMatch(/note {3}search: .*, so search\.md is left as it is/);
    expect(table()).toBe(whole); // it says what the runs were trained with
    const changed = await searched("--set", "search.shared={exp_params.LR: [0.00003]}");
    expect(changed.stderr).toMatch(
      /the search chooses now what this run was not trained with:\n {2}exp_params\.LR: there .*\nRemove /,
    );
  },
  180_000,
);
