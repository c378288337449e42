import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/experiment/runs/checkpoint.ts";
import { vae } from "../support/cli.ts";
import { images } from "../support/image_folders.ts";

/** Four steps an epoch. */
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [4, 8, 8]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 32, val_limit: 32}
trainer_params: {max_epochs: 1, log_every_n_steps: 1}
logging_params: {image_count: 4, latent_count: 0, histogram_every_n_steps: 0, name: told}
`;
const bin = fileURLToPath(new URL("../../bin/vae.js", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-told-"));
beforeAll(() => writeFileSync(join(root, "told.yaml"), CONFIG));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const NEITHER = { FORCE_COLOR: undefined, NO_COLOR: undefined };
const sets = (values: readonly string[]) => values.flatMap((value) => ["--set", value]);
const newFolder = () => mkdtempSync(join(root, "cwd-"));
const run = (cwd: string, ...set: string[]) =>
  vae(["run", "--config", join(root, "told.yaml"), "--backend", "wasm", ...sets(set)], { cwd });
const resume = (cwd: string, folder: string, ...set: string[]) =>
  vae(["run", "--resume", folder, "--backend", "wasm", ...sets(set)], { cwd });
const RUN = "logs/told/version_0";
const checkpoints = (cwd: string) => readdirSync(join(cwd, RUN, "checkpoints")).sort();

describe("a validation that is not finite", () => {
  // one step of this size leaves weights that no normalization catches; its own loss was that of the weights before it
  const far = "exp_params.LR=10";

  it("at the end of a run is told, is no best checkpoint, and is no success", async () => {
    const cwd = newFolder();
    const { code, stdout, stderr } = await run(cwd, far, "trainer_params.max_steps=1");
    expect(stdout).toMatch(
      /the validation at step 1 is not finite: val\/total \w+, .*; no best checkpoint is taken from it\n/,
    );
    expect(stdout).toContain(`checkpoints  ${RUN}/checkpoints/ (last)\n`);
    expect(stderr).toMatch(
      /^the validation at step 1 is not finite: .*, and the run ended with it\. There is no best checkpoint; the last one, of step 1, is in logs\/told\/version_0\/checkpoints\. Lower exp_params\.LR/,
    );
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
    expect(checkpoints(cwd)).toEqual(["last.safetensors", "previous.safetensors"]);
    const again = await resume(cwd, RUN);
    expect(again).toMatchObject({ code: 1, stderr });
    expect(again.stdout).not.toContain("step 2");
  });

  it("leaves the best before it, and training goes on", async () => {
    const cwd = newFolder();
    expect((await run(cwd, "trainer_params.max_steps=2")).code).toBe(0);
    const broken = await resume(cwd, RUN, far, "trainer_params.max_steps=3");
    expect(broken.code).toBe(1);
    expect(broken.stderr).toContain("The best checkpoint is of step 2 (val/objective ");
    const best = readCheckpoint(join(cwd, RUN, "checkpoints/best.safetensors"));
    expect(best.state.step).toBe(2);
    const on = await resume(
      cwd,
      RUN,
      "exp_params.LR=1e-9",
      "trainer_params.max_steps=4",
      "trainer_params.on_nan=skip",
    );
    expect(on.stdout).toContain("step 4");
    expect(readCheckpoint(join(cwd, RUN, "checkpoints/best.safetensors")).state.step).toBe(2);
  });
});

describe("a resumed run that is given other settings", () => {
  it("is shown with those it was trained with, and where they changed", async () => {
    const cwd = newFolder();
    expect((await run(cwd)).code).toBe(0);
    const { code, stdout } = await resume(cwd, RUN, "exp_params.LR=0.5", "trainer_params.max_epochs=2");
    expect(code).toBe(0);
    expect(stdout).toContain("new    exp_params.LR 0.5 (0.001 up to step 4)\n");
    expect((await run(cwd)).code).toBe(0); // another, to compare with
    const changes = [
      { step: 4, key: "exp_params.LR", before: 0.001, after: 0.5 },
      { step: 4, key: "trainer_params.max_epochs", before: 1, after: 2 },
    ];
    const listed = await vae(["runs", "--json"], { cwd });
    expect(JSON.parse(listed.stdout)).toMatchObject([{ path: RUN, step: 8, changes }, { changes: [] }]);
    expect((await vae(["runs"], { cwd })).stdout).toContain(
      `\n\nchanged on the way:\n  ${RUN}: exp_params.LR 0.5 (0.001 up to step 4)\n`,
    );
    const paths = [RUN, "logs/told/version_1"];
    const compared = await vae(["compare", ...paths, "--backend", "wasm", "--json"], { cwd });
    expect(JSON.parse(compared.stdout.split("\nwrote")[0]!)).toMatchObject({
      runs: [{ changes }, { changes: [] }],
      settings: { "exp_params.LR": [0.5, 0.001], "trainer_params.max_epochs": [2, 1] },
    });
  });

  it("as an older run folder has it, too", async () => {
    const cwd = newFolder();
    expect((await run(cwd)).code).toBe(0);
    const first = readFileSync(join(cwd, RUN, "config.yaml"), "utf8");
    const resumed = first.replace("LR: 0.001", "LR: 0.25");
    writeFileSync(join(cwd, RUN, "config_resumed_at_2.yaml"), resumed);
    const listed = await vae(["runs", "--json"], { cwd });
    expect(JSON.parse(listed.stdout)[0].changes).toEqual([
      { step: 2, key: "exp_params.LR", before: 0.001, after: 0.25 },
    ]);
    const on = await resume(cwd, RUN, "trainer_params.max_epochs=2");
    expect(on.code).toBe(0);
    const files = readdirSync(join(cwd, RUN)).filter((name) => name.startsWith("config"));
    expect(files.sort()).toEqual(["config.yaml", "config_until_2.yaml", "config_until_4.yaml"]);
    const lr = (file: string) => /LR: (.*)/.exec(readFileSync(join(cwd, RUN, file), "utf8"))![1];
    expect(files.map(lr)).toEqual(["0.25", "0.001", "0.25"]);
  });
});

describe("a run", () => {
  it("of a few images and none for validation names what is there and nothing else", async () => {
    const cwd = newFolder();
    const photos = await images(["a.png", "b.png", "c.png"]);
    for (const [name, bytes] of Object.entries(photos)) {
      mkdirSync(dirname(join(cwd, "photos", name)), { recursive: true });
      writeFileSync(join(cwd, "photos", name), bytes);
    }
    const { code, stdout, stderr } = await run(
      cwd,
      `data_params={name: image_folder, size: null, data_path: ${join(cwd, "photos")}, splits: {val: 0, test: 0}}`,
      "trainer_params.max_epochs=2",
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("note   no images for validation: no metrics of it");
    expect(stdout).not.toContain("validation:\n");
    expect(stdout).not.toMatch(/epoch \d\/\d validation/);
    expect(stdout).toContain(`  pictures     ${RUN}/Samples/\n  checkpoints  ${RUN}/checkpoints/ (last)\n`);
    expect(readdirSync(join(cwd, RUN)).sort()).toEqual([
      "Samples",
      "checkpoints",
      "config.yaml",
      "environment.json",
      expect.stringMatching(/^events\./),
      "metrics.csv",
    ]);
  });

  it("that max_steps ends within an epoch names the step of its validation", async () => {
    const { stdout } = await run(newFolder(), "trainer_params.max_steps=2");
    expect(stdout).toMatch(/^step 2\/2 validation: total/m);
    expect(stdout).not.toContain("epoch 0/");
  });

  it("in a folder with a space prints commands that a shell takes", async () => {
    const cwd = newFolder();
    const { stdout } = await run(cwd, "logging_params.save_dir=my logs", "trainer_params.max_steps=1");
    expect(stdout).toContain("tensorboard --logdir 'my logs'\n");
    const again = await resume(cwd, "my logs/told/version_0");
    expect(again.stdout).toContain(
      "vae run --resume 'my logs/told/version_0' --set trainer_params.max_steps=2\n",
    );
  });

  it("has colours where they are asked for, and none in a pipe", async () => {
    const env = { ...NEITHER, FORCE_COLOR: "1" };
    const args = [
      "run",
      "--config",
      join(root, "told.yaml"),
      "--backend",
      "wasm",
      "--set",
      "trainer_params.max_steps=1",
    ];
    const coloured = await vae(args, { cwd: newFolder(), env });
    expect(coloured.stdout).toContain("\x1b[1mstep 1/1 validation:\x1b[22m total");
    const piped = await vae(args, { cwd: newFolder(), env: NEITHER });
    expect(piped.stdout).not.toContain("\x1b");
  });

  it.skipIf(process.platform === "win32")(
    "shows its total on a terminal, in colours but for NO_COLOR",
    (context) => {
      const shown = (environment: string) => {
        const command = `stty cols 80; ${environment} ${process.execPath} ${bin} run --config ${join(root, "told.yaml")} --backend wasm --set trainer_params.max_epochs=3`;
        return execFileSync("script", ["-qec", command, "/dev/null"], { cwd: newFolder(), encoding: "utf8" });
      };
      try {
        execFileSync("script", ["--version"], { stdio: "ignore" });
      } catch {
        context.skip(); // util-linux is not there
      }
      const coloured = shown("TERM=xterm-256color NO_COLOR= FORCE_COLOR=1");
      expect(coloured).toContain("\x1b[36m█");
      expect(stripVTControlCharacters(coloured)).toMatch(/█+░* epoch \d\/3 · total \d+/);
      const plain = shown("TERM=xterm-256color NO_COLOR=1");
      expect(plain).toMatch(/█+░* epoch \d\/3 · total \d+ · \d+ s left/);
      expect(plain).not.toContain("\x1b[36m");
    },
  );
});
