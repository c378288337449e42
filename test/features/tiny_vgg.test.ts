import { statSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { readCifar10Jpeg } from "../../scripts/tiny_vgg/cifar10_jpeg.ts";
import { useBackend } from "../../src/backends/use_backend.ts";
import { loadFrozenNetwork } from "../../src/features/load_network.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { Rng } from "../../src/rng.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import { describeShared, shared } from "../support/shared.ts";

const asset = fileURLToPath(new URL("../../assets/tiny_vgg.safetensors", import.meta.url));
const args = { imageShape: [64, 64, 3], baseDir: "." } as const;

beforeAll(() => useBackend("auto"));

describe("tiny_vgg", () => {
  it("comes with its weights, at most 3 MB, and says how accurate it is", () => {
    expect(statSync(asset).size).toBeLessThan(3e6);
    const { metadata } = readSafetensors(asset);
    expect(Number(metadata.test_accuracy)).toBeGreaterThan(0.85);
    expect(metadata.recipe).toMatch(/SGD/);
  });

  it("needs nothing but its name, and takes images of any size", async () => {
    const network = await loadFrozenNetwork("tiny_vgg", undefined, args);
    expect(network.layers).toEqual(["relu1_2", "relu2_2", "relu3_2"]);
    const maps = network.features(Rng.fromSeed(2).uniform<Tensor4D>([2, 64, 64, 3]));
    expect(network.layers.map((l) => maps[l]!.shape)).toEqual([
      [2, 64, 64, 32],
      [2, 32, 32, 64],
      [2, 16, 16, 128],
    ]);
    network.dispose();
  });
});

describeShared("data/cifar10_jpeg", "tiny_vgg on CIFAR-10's test images", () => {
  it("classifies photographs that it was not trained on, by the very weights of the asset", async () => {
    const set = await readCifar10Jpeg(path.join(shared, "data/cifar10_jpeg"), "test", 10);
    const count = set.labels.length;
    expect(count).toBe(1000);
    const images = tf.div<Tensor4D>(tf.tensor4d(Float32Array.from(set.images), [count, 32, 32, 3]), 255);
    const network = await loadFrozenNetwork("tiny_vgg", ["relu4_1"], { ...args, imageShape: [32, 32, 3] });
    const { tensors } = readSafetensors(asset);
    const weight = tf.tensor2d(tensors.get("classifier.weight")!.data as Float32Array, [10, 256]);
    const bias = tf.tensor1d(tensors.get("classifier.bias")!.data as Float32Array);
    const pooled = tf.mean<Tensor2D>(network.features(images).relu4_1!, [1, 2]);
    const guesses = tf.argMax(tf.add(tf.matMul(pooled, weight, false, true), bias), 1).dataSync();
    const right = set.labels.filter((label, i) => guesses[i] === label).length;
    expect(right / count).toBeGreaterThan(0.82); // 1,000 of the 10,000: 3 deviations below the whole's
    network.dispose();
  });
});
