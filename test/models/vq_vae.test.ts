import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { encodeCheckpoint, restoreCheckpoint } from "../../src/experiment/runs/checkpoint.ts";
import { newRunState } from "../../src/experiment/runs/run_state.ts";
import { trainStep } from "../../src/experiment/training/step.ts";
import { codePrior } from "../../src/models/blocks/code_prior.ts";
import { codebook } from "../../src/models/blocks/codebook.ts";
import { newCtx } from "../../src/models/ctx.ts";
import { codesUsed, perplexity } from "../../src/models/losses/codes.ts";
import vqVae from "../../src/models/vq_vae.ts";
import { type Param, Scope } from "../../src/nn/params.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor4D, tf } from "../../src/tf.ts";
import { dataFolder } from "../support/data.ts";
import { build, maxDifference } from "../support/models.ts";
import { images, trainer } from "../support/variants.ts";

beforeAll(() => useBackend("wasm"));

const OPTIONS = {
  num_embeddings: 4,
  embedding_dim: 2,
  codebook: "ema",
  ema_decay: 0.9,
  dead_code_threshold: 0,
} as const;
const CODES = [0, 0, 1, 0, 0, 1, 9, 9];
const Z = [0.1, 0.2, 0.9, -0.1, 1.2, 0, 0.4, 0];

function book(options: Partial<Parameters<typeof codebook>[1]> = {}) {
  const params = new Map<string, Param>();
  const made = codebook(new Scope(params, Rng.fromSeed(1), "pytorch", "vq_layer"), {
    ...OPTIONS,
    ...options,
  });
  params.get("vq_layer.embedding.weight")!.value.assign(tf.tensor2d(CODES, [4, 2]));
  params.get("vq_layer.cluster_sum")?.value.assign(tf.tensor2d(CODES, [4, 2]));
  return { ...made, params };
}
const training = () => newCtx({ training: true, rng: Rng.fromSeed(2) });
const z = () => tf.tensor4d(Z, [1, 2, 2, 2]);

describe("a codebook", () => {
  it("takes the nearest code, and lets its gradient through to z unchanged", () => {
    const { quantize } = book();
    const { indices, codes, passed } = quantize(z(), training());
    expect([...indices.dataSync()]).toEqual([0, 1, 1, 0]);
    expect([...codes.dataSync()]).toEqual([0, 0, 1, 0, 1, 0, 0, 0]);
    expect([...passed.dataSync()]).toEqual([...codes.dataSync()]);
    const weights = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2]);
    const gradient = tf.grad((x) => tf.sum(tf.mul(quantize(x as Tensor4D, training()).passed, weights)))(z());
    expect([...gradient.dataSync()]).toEqual([...weights.dataSync()]);
  });

  it("moves by the averages of appendix A.1, by hand", () => {
    const { updates } = book().quantize(z(), training());
    const size = [0.9 + 0.1 * 2, 0.9 + 0.1 * 2, 0.9, 0.9];
    expect(maxDifference(updates["vq_layer.cluster_size"]!.dataSync(), size)).toBeLessThan(1e-6);
    const sums = [0.1 * 0.5, 0.1 * 0.2, 0.9 + 0.1 * 2.1, 0.1 * -0.1, 0, 0.9, 8.1, 8.1];
    expect(maxDifference(updates["vq_layer.cluster_sum"]!.dataSync(), sums)).toBeLessThan(1e-5);
    const total = size.reduce((a, b) => a + b);
    const smooth = size.map((n) => ((n + 1e-5) / (total + 4e-5)) * total);
    const codes = sums.map((m, i) => m / smooth[i >> 1]!);
    expect(maxDifference(updates["vq_layer.embedding.weight"]!.dataSync(), codes)).toBeLessThan(1e-4);
  });

  it("draws dead codes anew from the encoder's outputs, others not", () => {
    const made = book({ dead_code_threshold: 0.5 });
    made.params.get("vq_layer.cluster_size")!.value.assign(tf.tensor1d([1, 1, 1, 0.01]));
    const { updates } = made.quantize(z(), training());
    const codes = updates["vq_layer.embedding.weight"]!.arraySync() as number[][];
    const outputs = [0, 1, 2, 3].map((i) => Z.slice(2 * i, 2 * i + 2));
    const distance = (code: number[]) => Math.min(...outputs.map((o) => maxDifference(o, code)));
    expect(distance(codes[3]!)).toBeLessThan(1e-3);
    expect(distance(codes[2]!), "rarely used, but not dead").toBeGreaterThan(0.1);
    const again = made.quantize(z(), training()).updates["vq_layer.embedding.weight"]!;
    expect(again.arraySync()).toEqual(codes);
  });

  it("has no averages where it learns by its loss, nor in evaluation", () => {
    const byLoss = book({ codebook: "loss" });
    expect(byLoss.quantize(z(), training()).updates).toEqual({});
    expect(byLoss.params.get("vq_layer.embedding.weight")!.trainable).toBe(true);
    expect(book().quantize(z(), newCtx({ training: false, rng: Rng.fromSeed(1) })).updates).toEqual({});
  });

  it("perplexity and share of use, by hand", () => {
    const counts = tf.tensor1d([3, 3, 0, 0]);
    expect(perplexity(counts).dataSync()[0]).toBeCloseTo(2, 4);
    expect(codesUsed(counts).dataSync()[0]).toBeCloseTo(0.5, 6);
  });
});

it("learns its codebook by its loss too, which reconstruction leaves alone", async () => {
  const params = {
    hidden_dims: [4, 8],
    embedding_dim: 4,
    num_embeddings: 8,
    residual_layers: 1,
    codebook: "loss",
  };
  const vae = await build(vqVae, params);
  const name = "vq_layer.embedding.weight";
  const after = (weight: number) => {
    trainStep(
      trainer(vae, { reconstruction: 1, commitment: 0, codebook: weight }),
      { images: images() },
      0,
      1e-2,
    );
    return [...vae.params.get(name)!.value.dataSync()];
  };
  const before = [...vae.params.get(name)!.value.dataSync()];
  expect(after(0)).toEqual(before);
  expect(after(1)).not.toEqual(before);
});

describe("the prior over codes", () => {
  const [K, h, w] = [5, 4, 6];
  /** Grids whose code is that to the left plus one, but for one in ten. */
  const grids = (count: number) => {
    const u = Rng.fromSeed(3).uniformArray(count * h * w);
    const codes = new Int32Array(count * h * w);
    for (let i = 0; i < codes.length; i++)
      codes[i] = i % w === 0 || u[i]! < 0.1 ? Math.floor(u[i]! * 997) % K : (codes[i - 1]! + 1) % K;
    return { codes, count };
  };
  const fitted = () => {
    const params = new Map<string, Param>();
    const prior = codePrior(new Scope(params, Rng.fromSeed(1), "pytorch", "prior"), K, h, w);
    return { params, ...prior };
  };

  it("needs fewer bits than independent codes where neighbours tell, and draws what it was fitted to", () => {
    const { params, fit, sample } = fitted();
    const { values, metrics } = fit(grids(400));
    expect(metrics.independent_bits_per_code).toBeCloseTo(Math.log2(K), 1);
    // of 6 columns one is free; of the others 0.9 are told
    const told = -0.92 * Math.log2(0.92) - 0.08 * Math.log2(0.02);
    expect(metrics.prior_bits_per_code).toBeLessThan((Math.log2(K) + 5 * told) / 6 + 0.15);
    for (const [name, value] of Object.entries(values)) params.get(name)!.value.assign(value);
    const drawn = sample(200, Rng.fromSeed(5));
    expect(drawn.every((code) => code >= 0 && code < K)).toBe(true);
    let follows = 0;
    for (let i = 0; i < drawn.length; i++) if (i % w > 0 && drawn[i] === (drawn[i - 1]! + 1) % K) follows++;
    expect(follows / (200 * h * (w - 1))).toBeGreaterThan(0.85);
    expect(sample(200, Rng.fromSeed(5))).toEqual(drawn);
  });

  describe.each([16, 8])("of grids of %i rows whose codes copy a neighbour", (side) => {
    const [kinds, copies, count] = [8, 0.8, 2048];
    const same = copies + (1 - copies) / kinds;
    const other = (1 - same) / (kinds - 1);
    const bits = -same * Math.log2(same) - (kinds - 1) * other * Math.log2(other);
    /** Of the codes at the border there is none to copy: they are any, as is the first of each grid. */
    const entropy = ((side - 1) * bits + Math.log2(kinds)) / side;
    const source = (offset: number, alone: (place: number) => boolean) => {
      const u = Rng.fromSeed(11).uniformArray(2 * count * side * side);
      const codes = new Int32Array(count * side * side);
      for (let i = 0; i < codes.length; i++) {
        const any = alone(i % (side * side)) || u[2 * i]! >= copies;
        codes[i] = any ? Math.floor(u[2 * i + 1]! * kinds) : codes[i + offset]!;
      }
      return { codes, count };
    };
    const left = source(-1, (place) => place % side === 0);
    const above = source(-side, (place) => place < side);

    it.each([
      ["left", left, 1, -1],
      ["above", above, 2, -side],
    ] as const)("has the source's entropy, weights and samples: %s", (_, grids, weight, offset) => {
      const params = new Map<string, Param>();
      const prior = codePrior(new Scope(params, Rng.fromSeed(1), "pytorch", "prior"), kinds, side, side);
      const { values, metrics } = prior.fit(grids);
      // 16384 codes with a standard deviation of 1.5 bits each: 0.012
      expect(Math.abs(metrics.prior_bits_per_code! - entropy)).toBeLessThan(0.05);
      expect(Math.abs(metrics.independent_bits_per_code! - Math.log2(kinds))).toBeLessThan(0.01);
      const weights = values["prior.weights"]!.dataSync();
      expect(Math.abs(weights[weight]! - 1)).toBeLessThan(0.1);
      for (const [name, value] of Object.entries(values)) params.get(name)!.value.assign(value);
      const samples = 64;
      const drawn = prior.sample(samples, Rng.fromSeed(5));
      const share = (codes: Int32Array, images: number) => {
        let [copied, all] = [0, 0];
        for (let i = 0; i < images * side * side; i++) {
          const place = i % (side * side);
          if (offset === -1 ? place % side === 0 : place < side) continue;
          all++;
          if (codes[i] === codes[i + offset]) copied++;
        }
        return copied / all;
      };
      expect(Math.abs(share(grids.codes, count) - same)).toBeLessThan(0.01);
      expect(Math.abs(share(drawn, samples) - same)).toBeLessThan(0.025);
    });
  });

  it("is uniform before it is fitted, and is no worse than independent codes where nothing tells", () => {
    const { sample, fit } = fitted();
    const drawn = sample(500, Rng.fromSeed(1));
    const share = drawn.filter((code) => code === 2).length / drawn.length;
    expect(Math.abs(share - 1 / K)).toBeLessThan(0.02);
    const codes = Rng.fromSeed(8).integerArray(400 * h * w, K);
    const { metrics } = fit({ codes, count: 400 });
    expect(metrics.prior_bits_per_code! - metrics.independent_bits_per_code!).toBeLessThan(0.01);
  });

  it("is kept by a checkpoint: the same samples from it", async () => {
    const params = { hidden_dims: [4, 8], embedding_dim: 4, num_embeddings: 8, residual_layers: 1 };
    const first = await build(vqVae, params);
    const ctx = () => newCtx({ training: false, rng: Rng.fromSeed(6) });
    const { values } = first.fitPrior!([first.encode(images(), ctx()).posterior]);
    for (const [name, value] of Object.entries(values)) first.params.get(name)!.value.assign(value);
    const before = (await build(vqVae, params)).sample!(2, ctx()).dataSync();
    const bytes = encodeCheckpoint("VQVAE", first as never, new Map(), newRunState());
    const file = `${dataFolder({ "last.safetensors": Buffer.from(bytes) })}/last.safetensors`;
    const second = await build(vqVae, params, { rng: Rng.fromSeed(44) });
    restoreCheckpoint(file, "VQVAE", second as never);
    expect(second.sample!(2, ctx()).dataSync()).toEqual(first.sample!(2, ctx()).dataSync());
    expect(second.sample!(2, ctx()).dataSync()).not.toEqual(before);
  });
});

it("says where img_size is not that of the images", async () => {
  await expect(async () => build(vqVae, { img_size: 64 })).rejects.toThrow(
    "model_params.img_size: expected 32, the side of the images (data_params.patch_size), got 64",
  );
});
