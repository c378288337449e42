import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../../../src/experiment/runs/checkpoint.ts";
import { summarize } from "../../../src/experiment/runs/summary.ts";
import type { Prepared } from "../../../src/experiment/training/prepared.ts";
import { trainingBackends } from "../../support/backends.ts";
import { figures } from "../../support/metrics.ts";
import { maxDifference } from "../../support/models.ts";
import { type HowToTrain, type Trained, training } from "../../support/training.ts";

/** An autoencoder of two matrices, without batch norm and noise, and a second network that learns from its codes. */
const PLUGIN = `
export default ({ tf, Type, defineModel }) => defineModel({
  name: "LinearAE",
  summary: "z = x A, x = z B, and the mean of x by z c.",
  paper: { title: "none", url: "https://example.org" },
  params: Type.Object({}),
  phases: ["vae", "probe"],
  terms: () => ({
    reconstruction: { doc: "mean squared error", weight: 1 },
    probe: { doc: "squared error of the mean", weight: 1 },
  }),
  build({ imageShape, rng }) {
    const size = imageShape.reduce((a, b) => a * b);
    const params = new Map();
    const declare = (name, shape) => {
      const values = rng.fold(name).normalArray(shape[0] * shape[1]).map((v) => v / Math.sqrt(shape[0]));
      const value = tf.tidy(() => tf.variable(tf.tensor(values, shape)));
      params.set(name, { value, trainable: true, torchLayout: "same" });
      return value;
    };
    const [a, b, c] = [declare("a", [size, 8]), declare("b", [8, size]), declare("probe.c", [8, 1])];
    const flat = (x) => tf.reshape(x, [x.shape[0], size]);
    const codes = (x) => tf.matMul(flat(x), a);
    const decode = (z) => tf.reshape(tf.matMul(z, b), [z.shape[0], ...imageShape]);
    return {
      params,
      encode(x) {
        const mean = codes(x);
        return { posterior: { z: { kind: "gaussian", mean, logVar: tf.zerosLike(mean) } }, z: { z: mean } };
      },
      decode: ({ z }) => decode(z),
      reconstruct: (x) => decode(codes(x)),
      phases: [
        {
          name: "vae",
          owns: (name) => name !== "probe.c",
          loss({ images }) {
            const z = codes(images);
            const mse = tf.mean(tf.squaredDifference(images, decode(z)));
            return { terms: { reconstruction: mse }, scalars: { mse }, carry: { z, mean: tf.mean(flat(images), 1, true) } };
          },
        },
        {
          name: "probe",
          owns: (name) => name === "probe.c",
          loss: (_, __, { z, mean }) => ({
            terms: { probe: tf.mean(tf.squaredDifference(tf.matMul(z, c), mean)) },
          }),
        },
      ],
    };
  },
});
`;

/** An epoch has 64 images. */
const CONFIG = `
model_params: {name: VQVAE, hidden_dims: [4, 8], embedding_dim: 4, num_embeddings: 8, residual_layers: 1}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 8, val_batch_size: 16, val_limit: 16}
exp_params: {LR: 0.001, optimizer: sgd, momentum: 0.9, scheduler: cosine, lr_warmup_steps: 2}
trainer_params: {max_epochs: 2, log_every_n_steps: 1, gradient_clip_val: 1, accumulate_grad_batches: 3, ema: 0.9}
logging_params: {image_count: 4, latent_count: 0, name: accumulated}
`;
const root = mkdtempSync(join(tmpdir(), "tfjs-vae-accumulation-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const last = ({ folder }: Trained) => readCheckpoint(join(folder.checkpoints, "last.safetensors"));
const digest = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  createHash("sha256")
    .update(Buffer.from(buffer, byteOffset, byteLength))
    .digest("hex");
/** All that a run ends with, to the bit. */
const remains = (run: Trained) => ({
  tensors: [...last(run).tensors].map(([name, { data }]) => `${name} ${digest(data)}`),
  rows: figures(readFileSync(run.folder.metrics, "utf8")),
});

/** Calls `act` with each batch for training and its place, counted over the epochs. */
const watching =
  (act: (batch: { images: Float32Array; indices: Int32Array }, index: number) => void) =>
  ({ train: loader }: Prepared) => {
    const batches = loader.batches.bind(loader);
    loader.batches = async function* (epoch, from = 0) {
      let index = epoch * loader.batchesPerEpoch + from;
      for await (const batch of batches(epoch, from)) {
        act(batch, index++);
        yield batch;
      }
    };
  };

describe.each(trainingBackends)("trainer_params.accumulate_grad_batches on %s", (backend) => {
  const train = (how: HowToTrain = {}) => training(root, CONFIG, { ...how, backend });
  let whole: Trained;
  beforeAll(async () => {
    whole = await train();
    expect(whole.error).toBeUndefined();
  });

  it("counts optimizer steps, the last of an epoch over what is left", () => {
    expect(last(whole).state).toMatchObject({ step: 2 * 3, epoch: 2, batch: 0 }); // 3, 3 and 2 batches of 8 an epoch
    expect(summarize(whole.folder.path).step).toBe(6);
    expect([...last(whole).tensors.keys()].every((name) => /^(model|optimizer|ema)\./.test(name))).toBe(true);
  });

  it("equals one batch as large, with clipping, momentum, two optimizers and the average of the weights", async () => {
    writeFileSync(join(root, "linear.mjs"), PLUGIN);
    const linear = `plugins: [./linear.mjs]\n${CONFIG.replace(/name: VQVAE.*\}/, "name: LinearAE}")}`;
    const run = (batches: number, size: number) =>
      training(root, linear, {
        backend,
        set: [
          `trainer_params.accumulate_grad_batches=${batches}`,
          `data_params.train_batch_size=${size}`,
          "exp_params.optimizers={probe: {LR: 0.1}}",
        ],
      });
    const [small, large] = [await run(4, 4), await run(1, 16)];
    expect(last(large).state.step).toBe(2 * 4);
    expect(last(small).state.step).toBe(2 * 4);
    const [a, b] = [last(small).tensors, last(large).tensors];
    expect([...a.keys()]).toEqual([...b.keys()]);
    for (const [name, { data }] of b) {
      const values = data as Float32Array;
      const largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      expect(largest, name).toBeGreaterThan(0);
      const difference = maxDifference(a.get(name)!.data as Float32Array, values);
      expect(difference / largest, name).toBeLessThan(1e-5);
    }
    const table = (trained: Trained) =>
      readFileSync(trained.folder.metrics, "utf8")
        .trimEnd()
        .split("\n")
        .map((row) => row.split(","));
    const [[names, ...rows], [, ...expected]] = [table(small), table(large)];
    expect(rows).toHaveLength(expected.length);
    for (const [i, row] of rows.entries())
      for (const [k, cell] of row.entries()) {
        if (/images_per_second|data_wait_share/.test(names![k]!)) continue;
        const [x, y] = [Number(cell), Number(expected[i]![k]!)];
        expect(Math.abs(x - y), `${names![k]} in row ${i}`).toBeLessThanOrEqual(1e-5 * Math.abs(y));
      }
  });

  it("goes on to the bits of an unbroken run after an error within a step", async () => {
    const seen: number[] = [];
    const broken = await train({
      change: watching((_, index) => {
        if (index === 12) throw new Error("broken off"); // the second batch of the epoch's second step
      }),
    });
    expect(broken.error).toEqual(new Error("broken off"));
    expect(last(broken).state).toMatchObject({ step: 4, epoch: 1, batch: 3 });
    const rest = await train({
      resume: broken.folder.path,
      change: watching((_, index) => seen.push(index)),
    });
    expect(rest.error).toBeUndefined();
    expect(seen).toEqual([11, 12, 13, 14, 15]);
    expect(remains(rest)).toEqual(remains(whole));
  });

  it("leaves out a step of which one batch is bad, and all that it changed", async () => {
    const steady = "exp_params.scheduler=none";
    const skipped = await train({
      set: [steady, "trainer_params.on_nan=skip", "trainer_params.max_steps=2"],
      change: watching(({ images }, index) => {
        if (index === 4) images[100] = Number.NaN;
      }),
    });
    const before = await train({ set: [steady, "trainer_params.max_steps=1"] });
    expect(last(skipped).state).toMatchObject({ step: 2, batch: 6 });
    const trained = (run: Trained) => remains(run).tensors.filter((line) => !line.startsWith("model.prior"));
    expect(trained(skipped)).toEqual(trained(before));
  });

  it("has an epoch of another number of steps where a run is resumed with another number", async () => {
    const first = await train({ set: ["trainer_params.max_steps=1"] });
    const set = ["trainer_params.accumulate_grad_batches=2", "trainer_params.max_steps=100"];
    const seen: number[] = [];
    const second = await train({
      resume: first.folder.path,
      set,
      change: watching((_, index) => seen.push(index)),
    });
    expect(second.error).toBeUndefined();
    expect(last(second).state).toMatchObject({ step: 1 + 3 + 4, epoch: 2, batch: 0 }); // batches 3-4, 5-6, 7, then eight
    expect(seen).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]);
  });
});

it("batches that are in flight at once come to the same bits", async () => {
  const one = remains(await training(root, CONFIG, { stepsInFlight: 1 }));
  for (const stepsInFlight of [2, 3])
    expect(remains(await training(root, CONFIG, { stepsInFlight })), `${stepsInFlight}`).toEqual(one);
});
