import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { hasTensorFlow } from "../../support/backends.ts";
import { vae } from "../../support/cli.ts";
import { figures } from "../../support/metrics.ts";

/** A run of seconds: 4 steps an epoch. */
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 32, val_limit: 32}
trainer_params: {max_epochs: 3, log_every_n_steps: 1}
logging_params: {image_count: 16, name: tiny}
`;
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-run-"));
const run = (cwd: string, ...args: string[]) =>
  vae(["run", "--config", join(root, "tiny.yaml"), ...args], { cwd });
const newFolder = () => mkdtempSync(join(root, "cwd-"));
const checkpoint = (cwd: string, version = 0) =>
  readSafetensors(join(cwd, `logs/tiny/version_${version}/checkpoints/last.safetensors`));
const csv = (cwd: string) => readFileSync(join(cwd, "logs/tiny/version_0/metrics.csv"), "utf8");

beforeAll(() => {
  writeFileSync(join(root, "tiny.yaml"), CONFIG);
  return () => rmSync(root, { recursive: true, force: true });
});

describe("vae run", () => {
  let unbroken: string;

  beforeAll(async () => {
    unbroken = newFolder();
    const { code, stderr } = await run(unbroken, "--quiet");
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it("leaves what it promises", async () => {
    const folder = join(unbroken, "logs/tiny/version_0");
    expect(readdirSync(folder).sort()).toEqual([
      "Reconstructions",
      "Samples",
      "Traversals",
      "checkpoints",
      "config.yaml",
      "environment.json",
      expect.stringMatching(/^events\.out\.tfevents\./),
      "metrics.csv",
      "projector",
      "projector_config.pbtxt",
    ]);
    const epochs = ["epoch_0001.png", "epoch_0002.png", "epoch_0003.png"];
    expect(readdirSync(join(folder, "Samples"))).toEqual(epochs);
    expect(readdirSync(join(folder, "Reconstructions"))).toEqual(epochs);
    expect(await sharp(join(folder, "Samples/epoch_0003.png")).metadata()).toMatchObject({
      width: 4 * 130 + 2,
      height: 4 * 130 + 2,
      channels: 3,
    });
    const checkpoints = ["best.safetensors", "last.safetensors", "previous.safetensors"];
    expect(readdirSync(join(folder, "checkpoints"))).toEqual(checkpoints);
    const environment = JSON.parse(readFileSync(join(folder, "environment.json"), "utf8"));
    expect(environment).toMatchObject({
      backend: hasTensorFlow ? "tensorflow" : "wasm",
      versions: { node: process.versions.node, ...(hasTensorFlow && { tensorflow: "2.21.0" }) },
      data: { name: "shapes3d", train_images: 64, val_images: 32 },
    });
    const [header, ...rows] = figures(csv(unbroken));
    expect(header!.slice(0, 3)).toEqual(["step", "epoch", "train/total"]);
    for (const name of ["train/kl", "train/learning_rate", "train/gradient_norm", "val/total", "val/elbo"]) {
      expect(header).toContain(name);
    }
    expect(rows.map((row) => row[0])).toEqual([
      "1",
      "2",
      "3",
      "4",
      "4",
      "5",
      "6",
      "7",
      "8",
      "8",
      "9",
      "10",
      "11",
      "12",
      "12",
    ]);
    expect((await vae(["validate", join(folder, "config.yaml")])).code).toBe(0);
  });

  it("learns", () => {
    const [header, ...rows] = figures(csv(unbroken));
    const column = header!.indexOf("train/total");
    expect(Number(rows.at(-2)![column])).toBeLessThan(Number(rows[0]![column]));
  });

  it("stopped by Ctrl-C saves, says how to go on, and goes on to the figures of the unbroken run", async () => {
    const cwd = newFolder();
    const stopped = await vae(
      ["run", "--config", join(root, "tiny.yaml"), "--set", "trainer_params.max_epochs=30"],
      { cwd, signalAt: { text: "validation:", signal: "SIGINT" } },
    );
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toBe("");
    expect(stopped.stdout).toContain("SIGINT: saving after this step");
    expect(stopped.stdout).toMatch(
      /stopped at step \d+, saved\. To go on: vae run --resume logs\/tiny\/version_0/,
    );
    const { step } = JSON.parse(checkpoint(cwd).metadata.state!) as { step: number };
    expect(step).toBeLessThan(12);

    const { code, stdout } = await run(cwd, "--resume", "auto");
    expect(code).toBe(0);
    expect(stdout).toContain(`resumed at step ${step}`);
    expect(figures(csv(cwd))).toEqual(figures(csv(unbroken)));
    const [a, b] = [checkpoint(cwd), checkpoint(unbroken)];
    expect([...a.tensors.keys()]).toEqual([...b.tensors.keys()]);
    for (const [name, { data }] of a.tensors) expect(data, name).toEqual(b.tensors.get(name)!.data);
  });

  it("goes on by the run's own config, and an ended run ends at once", async () => {
    const { code, stdout } = await vae(["run", "--resume", "logs/tiny/version_0"], { cwd: unbroken });
    expect(code).toBe(0);
    expect(stdout).toContain(
      "logs/tiny/version_0 had finished, at step 12 in 3 epochs; nothing was trained. To train on: " +
        "vae run --resume logs/tiny/version_0 --set trainer_params.max_epochs=6\n",
    );
    expect(stdout).not.toContain("trained in");
  });

  it("gives each run its own folder, also at the same time", async () => {
    const cwd = newFolder();
    const one = ["--set", "trainer_params.max_steps=1", "--quiet"];
    const ended = await Promise.all([run(cwd, ...one), run(cwd, ...one)]);
    expect(ended.map((e) => e.code)).toEqual([0, 0]);
    expect(readdirSync(join(cwd, "logs/tiny")).sort()).toEqual(["version_0", "version_1"]);
  });
});

describe("mistakes are sentences", () => {
  const cases: [what: string, args: string[], code: number, message: RegExp][] = [
    ["no config", ["run"], 2, /expected --config FILE, got none/],
    ["a config that is not there", ["run", "--config", "no.yaml"], 2, /no\.yaml/],
    ["an unknown option", ["run", "--confg", "a"], 2, /unknown option '--confg'/],
    ["an unknown command", ["rum"], 2, /unknown command 'rum'[\s\S]*run/],
    [
      "an unknown backend",
      ["run", "--config", "{}", "--backend", "tensorflw"],
      2,
      /expected one of auto, xla, xla:cuda, xla:rocm, xla:tpu, xla:cpu, tensorflow, wasm, cpu, measure, got "tensorflw"\. Did you mean "tensorflow"/,
    ],
    [
      "a backend that trains nothing here",
      ["import", "{}", "--config", "{}", "--out", "made", "--backend", "measure"],
      2,
      /expected one of auto, xla, xla:cuda, xla:rocm, xla:tpu, xla:cpu, tensorflow, wasm, cpu, got "measure"/,
    ],
    [
      "a run that is not there",
      ["run", "--config", "{}", "--resume", "logs/x"],
      2,
      /--resume: no run "logs\/x"/,
    ],
    ["no folder of a run", ["run", "--resume", "."], 2, /"\." is no run: it has no folder checkpoints\./],
    ["a wrong --set", ["run", "--config", "{}", "--set", "latent_dim"], 2, /--set latent_dim/],
    [
      "a size that no stride allows",
      [
        "run",
        "--config",
        "{}",
        "--set",
        "data_params.patch_size=36",
        "--set",
        "model_params.decoder=upsample",
      ],
      2,
      /patch_size=36: expected square images with a side of 32, 48, 64, 80, [\s\S]*got 36x36\. Change patch_size/,
    ],
    [
      "a model that no memory holds",
      ["run", "--config", "{}", "--set", "model_params.latent_dim=1000000000000"],
      1,
      /expected a model of at most 536870912 numbers, got \d+ with \S+ \[\d+,\d+\]\. Lower latent_dim/,
    ],
    [
      "a learning rate that blows up",
      ["run", "--config", "{}", "--set", "exp_params.LR=1e15"],
      1,
      /the loss is no longer finite[\s\S]*Lower exp_params\.LR/,
    ],
    [
      "a metric to monitor that is not there",
      ["run", "--config", "{}", "--set", "trainer_params.checkpoint.monitor=val/kll"],
      2,
      /^trainer_params\.checkpoint\.monitor: expected one of val\/total[\s\S]*got "val\/kll"\. Did you mean "val\/kl"\?\n$/,
    ],
  ];
  it.each(cases)("%s", async (_, args, expected, message) => {
    const cwd = newFolder();
    const config = join(root, "tiny.yaml");
    const { code, stderr } = await vae(
      args.map((a) => (a === "{}" ? config : a)),
      { cwd },
    );
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(expected);
  });
});
