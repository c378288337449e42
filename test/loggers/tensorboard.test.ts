import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { type Leaf, leaves } from "../../src/config/leaves.ts";
import { loadConfig } from "../../src/config/load.ts";
import { newRunState } from "../../src/experiment/runs/run_state.ts";
import { gridPng } from "../../src/images/grid.ts";
import { TensorBoardLogger } from "../../src/loggers/tensorboard/logger.ts";
import { tensorboardPython } from "../support/tensorboard.ts";

interface Read {
  scalars: Record<string, [step: number, value: number][]>;
  images: Record<string, [step: number, width: number, height: number, png: string][]>;
  texts: Record<string, string[][]>;
  hparams: Record<string, { start: Record<string, unknown>; status: number }>;
}

const script = fileURLToPath(new URL("read_events.py", import.meta.url));
let python: string;
let config: ReadonlyMap<string, Leaf>;

const read = (folder: string) =>
  JSON.parse(execFileSync(python, [script, folder], { encoding: "utf8", stdio: "pipe" })) as Read;
const at = (step: number) => ({ ...newRunState(), step, epoch: 0 });
const newFolder = () => mkdtempSync(join(tmpdir(), "tfjs-vae-events-"));

beforeAll(async () => {
  python = tensorboardPython();
  config = leaves((await loadConfig("configs/dfcvae.yaml")).config);
}, 300_000);

describe("event files, read by TensorBoard itself", () => {
  it("hold scalars, pictures, the config and the hyperparameters", async () => {
    const folder = newFolder();
    const png = await gridPng(new Uint8Array(2 * 8 * 6 * 3).fill(100), [2, 8, 6, 3], {
      columns: 2,
      range: [0, 255],
      scale: 1,
    });
    const logger = new TensorBoardLogger(folder, config, "model_params:\n  größe: 1", undefined);
    logger.metrics(at(1), { "train/total": 1.5, "train/kl": 1e-30 });
    logger.metrics(at(20_000_000_000), { "train/total": -3, "train/kl": 0 });
    logger.metrics(at(7), { "val/elbo": 2, "train/data_wait_share": 0.5, "train/images_per_second": 9 });
    logger.picture("Samples", at(7), png);
    logger.picture("KL_per_dimension", at(7), png);
    logger.finish();
    logger.close();

    const found = read(folder);
    expect(found.scalars["Total/train"]).toEqual([
      [1, 1.5],
      [20_000_000_000, -3],
    ]);
    const [[, tiny], zero] = found.scalars["train/kl"] as [[number, number], [number, number]];
    expect(tiny / 1e-30).toBeCloseTo(1, 6);
    expect(zero).toEqual([20_000_000_000, 0]);
    expect(found.scalars["Val/elbo"]).toEqual([[7, 2]]);
    const picture = [[7, 18, 12, png.toString("base64")]];
    expect(found.images).toEqual({ "Pictures/Samples": picture, "latents/KL_per_dimension": picture });
    const groups = Object.keys({ ...found.images, ...found.scalars }).map((tag) => tag.split("/")[0]!);
    expect([...new Set(groups)].sort()).toEqual([
      "Pictures",
      "Total",
      "Val",
      "latents",
      "train",
      "train_speed",
    ]);
    expect(found.texts).toEqual({ config: [["```yaml\nmodel_params:\n  größe: 1\n```"]] });
    const { start } = found.hparams["_hparams_/session_start_info"]!;
    expect(start).toMatchObject({
      "model_params.name": "DFCVAE",
      "model_params.latent_dim": 32,
      "exp_params.LR": 0.006,
      "data_params.horizontal_flip": false,
      "exp_params.betas": "[0.9,0.99]",
    });
    expect(found.hparams["_hparams_/session_end_info"]!.status).toBe(1);
  });

  it("of a resumed run supersede what came after its checkpoint, and only that", () => {
    const folder = newFolder();
    const first = new TensorBoardLogger(folder, config, "", undefined);
    for (const step of [10, 20, 30]) first.metrics(at(step), { loss: step });
    first.close();
    const second = new TensorBoardLogger(folder, config, "", 20);
    for (const step of [30, 40]) second.metrics(at(step), { loss: -step });
    second.close();
    expect(readdirSync(folder)).toHaveLength(2);
    expect(read(folder).scalars.loss).toEqual([
      [10, 10],
      [20, 20],
      [30, -30],
      [40, -40],
    ]);
  });

  it("of a run that was resumed with other settings have those, and the config of each step", async () => {
    const folder = newFolder();
    new TensorBoardLogger(folder, config, "first", undefined).close();
    const others = (await loadConfig("configs/dfcvae.yaml", { set: ["exp_params.LR=0.5"] })).config;
    const second = new TensorBoardLogger(folder, leaves(others), "second", 20);
    const changes = "exp_params.LR 0.5 (0.006 up to step 20)";
    second.resumed(at(20), { row: undefined, changes, changed: true });
    second.close();
    const { hparams, texts } = read(folder);
    expect(hparams["_hparams_/session_start_info"]!.start).toMatchObject({
      "exp_params.LR": 0.5,
      "model_params.latent_dim": 32,
      changed: "exp_params.LR 0.5 (0.006 up to step 20)",
    });
    expect(texts).toEqual({ config: [["```yaml\nfirst\n```"], ["```yaml\nsecond\n```"]] });
  });

  it("that were cut off keep all records before the cut", () => {
    const folder = newFolder();
    const logger = new TensorBoardLogger(folder, config, "", undefined);
    for (let step = 1; step <= 100; step++) logger.metrics(at(step), { loss: step });
    logger.flush();
    const [file] = readdirSync(folder);
    const whole = readFileSync(join(folder, file!));
    const cut = newFolder();
    execFileSync("cp", [join(folder, file!), cut]);
    execFileSync("truncate", ["-s", String(whole.length - 5), join(cut, file!)]);
    expect(read(cut).scalars.loss).toHaveLength(99);
    logger.close();
  });
});
