import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { labelRows } from "../../src/data/label_rows.ts";
import { memoryStore, range, splitOf } from "../../src/data/store.ts";
import { traverse } from "../../src/explore/traverse.ts";
import { conditionOf, labelsForSamples } from "../../src/models/blocks/condition.ts";
import ConditionalVAE from "../../src/models/conditional_vae.ts";
import { newCtx } from "../../src/models/ctx.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { allTests } from "../support/all_tests.ts";
import { vae as command } from "../support/cli.ts";
import { folder } from "../support/configs.ts";
import { build, LABELS, maxDifference } from "../support/models.ts";

const SMALL = { latent_dim: 3, hidden_dims: [4, 8, 8] };
const ctx = (labels: number[][]) =>
  newCtx({ training: false, rng: Rng.fromSeed(1), labels: tf.tensor2d(labels) });
const images = (count: number) => Rng.fromSeed(7).uniform<Tensor4D>([count, 32, 32, 3]);

beforeAll(async () => {
  await useBackend("auto");
});

it("classes of more than two values are one-hot, all else is as it is, in the order that the config names", () => {
  const labels = ctx([
    [2, 1, 0.5],
    [0, 0, -3],
  ]);
  expect(conditionOf({ all: LABELS, used: [0, 1, 2] }, labels).arraySync()).toEqual([
    [0, 0, 1, 1, 0.5],
    [1, 0, 0, 0, -3],
  ]);
  expect(conditionOf({ all: LABELS, used: [1, 0] }, labels).arraySync()).toEqual([
    [1, 0, 0, 1],
    [0, 1, 0, 0],
  ]);
});

it("has PyTorch-VAE's parameters, and its label width where a label has two values", async () => {
  const labels = async () => Array.from({ length: 40 }, (_, i) => ({ name: `a${i}`, values: 2 }));
  const model = await build(ConditionalVAE, { ...SMALL, num_classes: 40 }, { labels });
  const shapes = [...model.params].slice(0, 5).map(([name, p]) => [name, p.value.shape]);
  expect(shapes).toEqual([
    ["embed_class.weight", [40, 32 * 32]],
    ["embed_class.bias", [32 * 32]],
    ["embed_data.weight", [1, 1, 3, 3]],
    ["embed_data.bias", [3]],
    ["encoder.0.0.weight", [3, 3, 4, 4]],
  ]);
  expect(model.params.get("decoder_input.weight")!.value.shape[0]).toBe(3 + 40);
});

it("encoder and decoder depend on the labels used and on no others", async () => {
  const model = await build(ConditionalVAE, { ...SMALL, labels: ["class"] });
  const x = images(1);
  const z = { z: tf.ones([1, 3]) };
  const mean = (labels: number[]) => {
    const q = model.encode(x, ctx([labels])).posterior.z!;
    return (q as { mean: typeof z.z }).mean.dataSync();
  };
  const decoded = (labels: number[]) => model.decode(z, ctx([labels])).dataSync();
  expect(maxDifference(mean([0, 0, 0]), mean([1, 0, 0]))).toBeGreaterThan(1e-4);
  expect(maxDifference(decoded([0, 0, 0]), decoded([1, 0, 0]))).toBeGreaterThan(1e-4);
  expect(mean([1, 0, 0])).toEqual(mean([1, 1, 9]));
  expect(decoded([1, 0, 0])).toEqual(decoded([1, 1, 9]));
});

describe("samples", () => {
  /** Like faces: of 100 images 30 are men, of whom 15 have a beard; no woman has one. */
  const attributes = (n: number) => [n < 30 ? 1 : 0, n < 15 ? 1 : 0];
  const ALL = ["man", "beard"].map((name) => ({ name, values: 2 }));
  const table = {
    values: Float32Array.from(Array.from({ length: 100 }, (_, n) => attributes(n)).flat()),
    width: 2,
  };
  const split = splitOf(memoryStore(new Uint8Array(100), 1), range(0, 100), table);
  const { labels: _, ...withoutLabels } = split; // as a plugin's may be
  const columnsOf = (labels: Float32Array) =>
    Array.from({ length: labels.length / 2 }, (_, i) => `${labels[2 * i]} ${labels[2 * i + 1]}`);
  const shares = (labels: Float32Array) => {
    const pairs = columnsOf(labels);
    return ["0 0", "1 0", "1 1", "0 1"].map((pair) => pairs.filter((p) => p === pair).length / pairs.length);
  };

  it.each([
    ["by their labels alone", split],
    ["by reading images", withoutLabels],
  ])("have labels that come together as the data's do, %s", async (_, of) => {
    const needs = { all: ALL, used: [0, 1], draw: await labelRows(of, 2) };
    const found = shares(labelsForSamples(needs, 4000, Rng.fromSeed(1)));
    // independent coins would give 0.595, 0.255, 0.045 and 0.105
    for (const [i, share] of [0.7, 0.15, 0.15, 0].entries())
      expect(Math.abs(found[i]! - share)).toBeLessThan(0.03);
    expect(found[3]).toBe(0);
    const men = shares(labelsForSamples(needs, 4000, Rng.fromSeed(1), new Map([[0, 1]])));
    expect(Math.abs(men[2]! - 0.5)).toBeLessThan(0.04);
    expect(men[0]! + men[3]!).toBe(0);
    const both = new Map([
      [0, 0],
      [1, 1],
    ]);
    expect(shares(labelsForSamples(needs, 10, Rng.fromSeed(1), both)), "not in the data").toEqual([
      0, 0, 0, 1,
    ]);
    const draw = (seed: number) => labelsForSamples(needs, 50, Rng.fromSeed(seed));
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
    const few = await labelRows(of, 2, 15);
    expect(shares(few(100, Rng.fromSeed(1))), "the images trained on").toEqual([0, 0, 1, 0]);
  });

  it("take the values of the one label used in turn, where it has some", async () => {
    const draw = await labelRows(split, 2);
    const one = labelsForSamples({ all: ALL, used: [1], draw }, 5, Rng.fromSeed(1));
    expect(Array.from({ length: 5 }, (_, i) => one[2 * i + 1])).toEqual([0, 1, 0, 1, 0]);
    const numbers = [ALL[0]!, { name: "age" }];
    const ages = labelsForSamples({ all: numbers, used: [1], draw }, 1000, Rng.fromSeed(1));
    expect(Math.abs(shares(ages)[2]! - 0.15)).toBeLessThan(0.04);
  });

  it("are of the labels given", async () => {
    const model = await build(ConditionalVAE, { ...SMALL, labels: ["class"] });
    const z = { z: Rng.fromSeed(1).fold("prior").normal([2, 3]) };
    const labels = [
      [2, 0, 0],
      [1, 0, 0],
    ];
    const sampled = model.sample!(2, ctx(labels)).dataSync();
    expect(maxDifference(sampled, model.decode(z, ctx(labels)).dataSync())).toBeLessThan(1e-6);
  });
});

it("traversals keep the image's own labels", async () => {
  const model = await build(ConditionalVAE, { ...SMALL, labels: ["class"] });
  const layout = { parts: [{ name: "z", shape: [3], from: 0, size: 3 }], size: 3 };
  const start = Float32Array.of(0.1, 0.2, 0.3);
  const [dimension] = [{ index: 1, name: "z 1", kl: 0, deviation: 1 }];
  const made = await traverse(
    model,
    layout,
    start,
    [dimension],
    [-1, 1],
    Rng.fromSeed(1),
    Float32Array.of(2, 0, 0),
  );
  const z = tf.tensor2d([
    [0.1, -1, 0.3],
    [0.1, 1, 0.3],
  ]);
  const expected = model
    .decode(
      { z },
      ctx([
        [2, 0, 0],
        [2, 0, 0],
      ]),
    )
    .dataSync();
  expect(maxDifference(made.images, expected)).toBeLessThan(1e-6);
});

it.each<[string, object, object, RegExp]>([
  [
    "no labels",
    {},
    { labels: async () => [] },
    /^data_params\.name: expected data with labels for ConditionalVAE, got none\. Take others\.$/,
  ],
  [
    "an unknown label",
    { labels: ["clas"] },
    {},
    /^model_params\.labels\[0\]: expected one of class, .* Did you mean "class"\?/,
  ],
  ["another width", { num_classes: 144 }, {}, /^model_params\.num_classes: expected 5, .* got 144/],
])("%s is an error before training", async (_, params, args, message) => {
  await expect(build(ConditionalVAE, { ...SMALL, ...params }, args)).rejects.toThrow(message);
});

it("says which labels images lack", async () => {
  const model = await build(ConditionalVAE, { ...SMALL, labels: ["class"] });
  const bare = newCtx({ training: false, rng: Rng.fromSeed(1) });
  expect(() => model.encode(images(1), bare)).toThrow(
    /expected images with labels \(class\).*--label class=0/,
  );
});

it.runIf(allTests)(
  "trains, validates and is explored from the command line",
  { timeout: 180_000 },
  async () => {
    const cwd = folder({
      "c.yaml": `
model_params: {name: ConditionalVAE, labels: [shape, scale], latent_dim: 4, hidden_dims: [8, 8, 16]}
data_params: {name: shapes3d, size: 64, patch_size: 32, train_batch_size: 16, val_batch_size: 32, val_limit: 32}
trainer_params: {max_epochs: 1}
logging_params: {image_count: 4, name: tiny, latent_count: 8}
`,
    });
    const run = "logs/tiny/version_0";
    const ok = async (...args: string[]) => {
      const { code, stderr } = await command(args, { cwd });
      expect([code, stderr.replace(/^(wrote .*|\d+ images, .*)\n/gm, "")], args.join(" ")).toEqual([0, ""]);
    };
    await ok("run", "--config", "c.yaml", "--quiet");
    await ok("sample", run, "--count", "4", "--label", "shape=2");
    await ok("sample", run, "--count", "4", "--out", "a.npy");
    await ok("sample", run, "--count", "4", "--out", "b.npy");
    expect(readFileSync(`${cwd}/a.npy`)).toEqual(readFileSync(`${cwd}/b.npy`));
    await ok("reconstruct", run, "--count", "4");
    await ok("traverse", run, "--dimensions", "2", "--label", "shape=1");
    await ok("interpolate", run);
    await ok("attribute", run, "--attribute", "shape=1", "--count", "2");
    await ok("encode", run, "test", "--limit", "8");
    await ok(
      "evaluate",
      run,
      "--max-images",
      "32",
      "--draws",
      "2",
      "--metrics",
      "elbo,log_likelihood,mse,frechet",
    );
    await ok("reconstruct", run, `${run}/Samples/epoch_0001.png`, "--label", "shape=3", "--label", "scale=0");
    const without = await command(["reconstruct", run, `${run}/Samples/epoch_0001.png`], { cwd });
    expect([without.code, without.stderr]).toEqual([2, expect.stringMatching(/--label shape=0/)]);
    for (const of of [
      ["reconstruct", run],
      ["interpolate", run],
      ["encode", run, "val"],
    ]) {
      const own = await command([...of, "--label", "shape=1"], { cwd });
      expect([own.code, own.stderr]).toEqual([2, expect.stringMatching(/--label: .*labels of their own/)]);
    }
    const wrong = await command(["sample", run, "--label", "shape=4"], { cwd });
    expect([wrong.code, wrong.stderr]).toEqual([
      2,
      expect.stringMatching(
        /expected shape to be 0 to 3, or one of cube, cylinder, sphere, capsule, got "4"/,
      ),
    ]);
    const tfjs = await command(["export", run, "--format", "tfjs", "--out", "d"], { cwd });
    expect([tfjs.code, tfjs.stderr]).toEqual([
      1,
      expect.stringMatching(/its decoder takes labels besides z/),
    ]);
  },
);
