import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../src/experiment/runs/checkpoint.ts";
import { hasTensorFlow } from "../support/backends.ts";
import { type Ended, startVae, type VaeOptions, vae } from "../support/cli.ts";
import { freeNodes } from "../support/ranks.ts";

const root = mkdtempSync(join(tmpdir(), "tfjs-vae-ranks-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Two epochs of four steps. */
const CONFIG = `
model_params: {name: VanillaVAE, latent_dim: 4, hidden_dims: [8, 8, 16, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_limit: 16}
exp_params: {optimizer: sgd, momentum: 0.9, LR: 0.0001}
trainer_params: {max_epochs: 2, log_every_n_steps: 1, ema: 0.9, checkpoint: {every_n_steps: 3}, gradient_clip_val: 1}
logging_params: {image_count: 4, latent_count: 0, name: ranks, histogram_every_n_steps: 0, loggers: [csv]}
`;
const config = join(root, "ranks.yaml");
writeFileSync(config, CONFIG);
const LONG = 240_000;

const run = (folder: string, more: readonly string[] = [], options: VaeOptions = {}): Promise<Ended> =>
  vae(["run", "--config", config, "--set", `logging_params.save_dir=${join(root, folder)}`, ...more], {
    ...options,
    env: { TF_NUM_INTRAOP_THREADS: "1", ...options.env },
  });
const file = (folder: string, name: string) => join(root, folder, "ranks/version_0", name);
const last = (folder: string) => readFileSync(file(folder, "checkpoints/last.safetensors"));
/** Rows of metrics.csv by column, those of speed left out. */
const rows = (folder: string) => {
  const [names, ...lines] = readFileSync(file(folder, "metrics.csv"), "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(","));
  const told = names!.flatMap((name, i) => (/images_per_second|wait/.test(name) ? [] : [[name, i] as const]));
  return lines.map((line) => Object.fromEntries(told.map(([name, i]) => [name, Number(line[i])])));
};

describe.skipIf(!hasTensorFlow)("vae run --processes 2", () => {
  beforeAll(async () => {
    const [two, one] = [
      await run("two", ["--processes", "2"]),
      await run("one", ["--backend", "tensorflow"]),
    ];
    for (const { code, stderr } of [two, one]) expect(code, stderr).toBe(0);
  }, LONG);

  it("logs and validates what one process does", () => {
    const [two, one] = [rows("two"), rows("one")];
    expect(two).toHaveLength(one.length);
    one.forEach((row, i) => {
      for (const [name, value] of Object.entries(row))
        expect(Math.abs(two[i]![name]! - value), `${name} of row ${i}`).toBeLessThan(
          1e-3 * Math.max(0.01, Math.abs(value)),
        );
    });
    expect(readCheckpoint(file("two", "checkpoints/last.safetensors")).state).toMatchObject({
      step: 8,
      epoch: 2,
      ended: 8,
    });
  });

  it(
    "ends with the bytes of an unbroken run where it was stopped and gone on with; also by one process",
    async () => {
      const paused = await run("paused", ["--processes", "2", "--until", "5"]);
      expect(paused.code, paused.stderr).toBe(0);
      const goOn = ["--resume", file("paused", "")];
      const ended = await run("paused", ["--processes", "2", ...goOn]);
      expect(ended.code, ended.stderr).toBe(0);
      expect(last("paused").equals(last("two"))).toBe(true);
      const alone = await run("paused", [
        "--backend",
        "tensorflow",
        ...goOn,
        "--set",
        "trainer_params.max_epochs=3",
      ]);
      expect(alone.code, alone.stderr).toBe(0);
      expect(readCheckpoint(file("paused", "checkpoints/last.safetensors")).state.step).toBe(12);
    },
    LONG,
  );

  it(
    "ends where a rank is lost: the other saves, says which and ends with code 75; all leave where one is told to",
    async () => {
      const nodes = await freeNodes(2);
      const start = (folder: string) =>
        nodes.map((_, rank) =>
          startVae(
            [
              ...["run", "--config", config, "--set", `logging_params.save_dir=${join(root, folder)}`],
              ...[
                "--set",
                "trainer_params.max_epochs=500",
                "--nodes",
                nodes.join(","),
                "--rank",
                String(rank),
              ],
            ],
            { env: { TF_NUM_INTRAOP_THREADS: "1" } },
          ),
        );
      const [first, second] = start("lost");
      await first!.said("epoch 2/500 validation");
      second!.child.kill("SIGKILL");
      const { code, stderr } = await first!.ended;
      expect(stderr).toMatch(
        /^rank 1 at \S+ .*\. Saved at step \d+\. To go on: start all ranks again, with --resume auto\.$/m,
      );
      expect(code).toBe(75);
      await second!.ended;

      const [told, teller] = start("told");
      await told!.said("epoch 2/500 validation");
      teller!.child.kill("SIGTERM");
      const [a, b] = await Promise.all([told!.ended, teller!.ended]);
      expect([a.code, b.code]).toEqual([143, 143]);
      expect(a.stdout).toMatch(/stopped at step \d+, saved/);
    },
    LONG,
  );
});

describe("vae run in several processes", () => {
  it.each([
    [
      ["--processes", "3"],
      {},
      "data_params.train_batch_size: expected a multiple of 3, since each of 3 processes takes an equal part of a batch, got 16. Take 15.",
    ],
    [
      ["--processes", "2"],
      {
        TF_CONFIG: JSON.stringify({
          cluster: { worker: ["a:1", "b:1"] },
          task: { type: "worker", index: 1 },
        }),
      },
      "vae run --processes: expected none where this process is rank 1 of 2 already",
    ],
    [
      ["--nodes", "a:1,b:1", "--rank", "0", "--backend", "wasm"],
      {},
      '--backend: expected tensorflow, by which several processes train together, got "wasm". Leave it out.',
    ],
    [["--nodes", "a:1,b:1"], {}, "--nodes: expected --rank N with it"],
    [
      ["--processes", "2", "--sweep", "exp_params.LR=1,2"],
      {},
      "vae run --processes: expected it without --sweep",
    ],
  ])("refuses what can't be: %j", async (more, env, message) => {
    const { code, stderr } = await run("refused", more, { env });
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});
