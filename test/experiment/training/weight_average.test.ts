import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../../src/backends/use_backend.ts";
import { readCheckpoint } from "../../../src/experiment/runs/checkpoint.ts";
import { openTrained } from "../../../src/experiment/trained/open_trained.ts";
import { prepare } from "../../../src/experiment/training/prepare.ts";
import type { Prepared } from "../../../src/experiment/training/prepared.ts";
import { inputsAt } from "../../../src/experiment/training/step_inputs.ts";
import { validate } from "../../../src/experiment/training/validate.ts";
import { decayAt, WeightAverage } from "../../../src/experiment/training/weight_average.ts";
import { cacheDir } from "../../../src/files/cache_dir.ts";
import { Rng } from "../../../src/rng.ts";
import { tf } from "../../../src/tf.ts";
import { trainingBackends } from "../../support/backends.ts";
import { figures } from "../../support/metrics.ts";
import { type Trained, training } from "../../support/training.ts";

/** Three epochs of four steps. */
const CONFIG = `
model_params: {name: VQVAE, hidden_dims: [4, 8], embedding_dim: 4, num_embeddings: 8, residual_layers: 1}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 16, val_limit: 16}
exp_params: {LR: 0.01, scheduler: cosine, lr_warmup_steps: 3, betas: [0.8, 0.99]}
trainer_params: {max_epochs: 3, log_every_n_steps: 1, ema: 0.8}
logging_params: {image_count: 4, latent_count: 4, name: ema}
`;
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-ema-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const last = ({ folder }: Trained) => readCheckpoint(join(folder.checkpoints, "last.safetensors"));
const values = (run: Trained) =>
  [...last(run).tensors].map(([name, { data }]) => {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return `${name} ${createHash("sha256").update(bytes).digest("hex")}`;
  });
const rows = ({ folder }: Trained) => figures(readFileSync(folder.metrics, "utf8"));

/** Breaks off an epoch at a batch. */
const failsAt =
  (failing: number, number: number) =>
  ({ train }: Prepared) => {
    const batches = train.batches.bind(train);
    train.batches = async function* (epoch, from = 0) {
      let index = from;
      for await (const batch of batches(epoch, from)) {
        if (epoch === failing && index++ === number) throw new Error("broken off");
        yield batch;
      }
    };
  };

it("keeps less in the first steps, so that the initial weights are soon out of it", () => {
  expect([0, 1, 8, 8990, 8991, 1e6].map((steps) => decayAt(0.999, steps))).toEqual([
    0.1,
    2 / 11,
    0.5,
    8991 / 9000,
    0.999,
    0.999,
  ]);
  const share = Array.from({ length: 10 }, (_, steps) => decayAt(0.999, steps)).reduce((a, b) => a * b);
  expect(share).toBeLessThan(1.1e-5);
});

describe.each(["cpu", ...trainingBackends])("an average of weights on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  it("lends its values to the model and gives the model's own back to the bit, also after an error", async () => {
    const value = tf.variable(tf.tensor1d([1 / 3, 2]));
    const prior = tf.variable(tf.tensor1d([5]));
    const params = new Map([
      ["w", { value, trainable: true, torchLayout: "same" as const }],
      ["prior", { value: prior, trainable: false, fitted: true, torchLayout: "same" as const }],
    ]);
    const average = new WeightAverage({ params }, 0.5);
    value.assign(tf.tensor1d([1 / 7, 4]));
    average.update(inputsAt({ step: 0, lr: 0, rng: Rng.fromSeed(0) })); // decay 0.1
    average.update(inputsAt({ step: 8, lr: 0, rng: Rng.fromSeed(0) })); // decay 0.5
    const own = [...value.dataSync()];
    const before = tf.memory().numTensors;
    const seen = await average.during(async () => {
      tf.tidy(() => prior.assign(tf.tensor1d([6]))); // as a prior is fitted
      return [...value.dataSync()];
    });
    expect(seen[1]).toBeCloseTo(3.9, 6);
    expect(seen).toEqual([...average.state.get("w")!.dataSync()]);
    expect([...value.dataSync()]).toEqual(own);
    expect(prior.dataSync()[0]).toBe(6);
    await expect(average.during(() => Promise.reject(new Error("in between")))).rejects.toThrow("in between");
    expect([...value.dataSync()]).toEqual(own);
    tf.tidy(() => value.assign(tf.add(value, 1))); // nothing else shares its values
    expect([...average.state.get("w")!.dataSync()]).toEqual(seen);
    expect(tf.memory().numTensors).toBe(before);
    average.dispose();
  });
});

describe.each(trainingBackends)("a run with trainer_params.ema on %s", (backend) => {
  const train = (how: Parameters<typeof training>[2] = {}) => training(root, CONFIG, { ...how, backend });
  let unbroken: Trained;
  beforeAll(async () => {
    unbroken = await train();
    expect(unbroken.error).toBeUndefined();
  });

  it("goes on to the bits of an unbroken run, from within an epoch too, by the same learning rates", async () => {
    const broken = await train({ change: failsAt(1, 2) });
    expect(last(broken).state).toMatchObject({ step: 6, batch: 2, averagedFrom: 0 });
    const whole = await train({ resume: broken.folder.path });
    expect(whole.error).toBeUndefined();
    expect(values(whole)).toEqual(values(unbroken));
    expect(rows(whole)).toEqual(rows(unbroken));
  });

  it("validates and shows the averaged weights, which whatever opens its checkpoints gets", async () => {
    const plain = await train({ set: ["trainer_params.ema=null"] });
    const [a, b] = [unbroken, plain].map((run) => last(run).tensors);
    expect([...b!.keys()].some((name) => name.startsWith("ema."))).toBe(false);
    for (const [name, { data }] of b!)
      if (!name.startsWith("model.prior")) expect(a!.get(name)!.data, name).toEqual(data); // fitted to other codes
    expect(unbroken.result!.metrics["val/total"]).not.toBe(plain.result!.metrics["val/total"]);
    const samples = ({ folder }: Trained) => readFileSync(join(folder.samples, "epoch_0003.png"));
    expect(samples(unbroken).equals(samples(plain))).toBe(false);

    const options = { backend, checkpoint: "last", cacheDir: cacheDir("test") };
    const run = await openTrained(unbroken.folder.path, options);
    const args = { config: run.config, baseDir: run.baseDir, cacheDir: cacheDir("test") };
    const { val, weights, rng, imageRange, close } = await prepare(args);
    const how = { vae: run.vae, weights, rng: rng.fold("validation") };
    const metrics = await validate(how, val.batches(0), 12, imageRange);
    expect(metrics.total).toBe(unbroken.result!.metrics["val/total"]);
    await close();
    await run.close();
  });

  it("skips a bad batch with the average as it was before it", async () => {
    const poison = ({ train: loader }: Prepared) => {
      const batches = loader.batches.bind(loader);
      loader.batches = async function* (epoch, from = 0) {
        let index = epoch * loader.batchesPerEpoch + from;
        for await (const batch of batches(epoch, from)) {
          if (index++ === 2) batch.images[100] = Number.NaN;
          yield batch;
        }
      };
    };
    const steady = "exp_params.scheduler=none"; // not by the run's length
    const set = [steady, "trainer_params.on_nan=skip", "trainer_params.max_steps=3"];
    const skipped = await train({ change: poison, set });
    const before = await train({ set: [steady, "trainer_params.max_steps=2"] });
    const averages = (run: Trained) => values(run).filter((line) => line.startsWith("ema."));
    expect(last(skipped).state.step).toBe(3);
    expect(averages(skipped).length).toBeGreaterThan(0);
    expect(averages(skipped)).toEqual(averages(before));
  });

  it("begins where a run that had none is given one, and ends where it is taken away", async () => {
    const first = await train({ set: ["trainer_params.ema=null", "trainer_params.max_steps=4"] });
    const resume = first.folder.path;
    const weights = (run: Trained, kind: string) =>
      last(run).tensors.get(`${kind}.encoder.0.0.weight`)!.data as Float32Array;
    const before = weights(first, "model");
    const second = await train({ resume, set: ["trainer_params.ema=0.8", "trainer_params.max_steps=5"] });
    expect(last(second).state.averagedFrom).toBe(4);
    const after = weights(second, "model");
    weights(second, "ema").forEach((a, i) => {
      expect(a).toBeCloseTo(0.1 * before[i]! + 0.9 * after[i]!, 6);
    });
    const third = await train({ resume, set: ["trainer_params.ema=null", "trainer_params.max_steps=6"] });
    expect(third.error).toBeUndefined();
    expect([...last(third).tensors.keys()].some((n) => n.startsWith("ema."))).toBe(false);
    expect(last(third).state.averagedFrom).toBeUndefined();
    expect(readdirSync(resume)).toContain("config_until_5.yaml");
  });
});
