import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigError, DataError } from "../../src/errors.ts";
import { readNetworkWeights } from "../../src/features/find_weights.ts";
import { getNetwork } from "../../src/features/registry.ts";
import { neededEntries, randomNetworkWeights } from "../../src/features/weights.ts";
import { type TensorToStore, writeSafetensors } from "../../src/formats/safetensors.ts";
import { op, tensorOps, torchFile } from "../support/torch_file.ts";

const network = getNetwork("squeezenet1_1");
const LAST = 3; // fire2

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "weights-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const random = () => new Map(randomNetworkWeights(network, LAST));

/** Writes the weights, named by `rename`, and reads them back. */
async function roundTrip(
  weights: ReadonlyMap<string, Float32Array>,
  rename: (name: string) => string,
  change: (tensors: Map<string, TensorToStore>) => void = () => {},
) {
  const shapes = new Map(neededEntries(network, LAST).map((e) => [e.name, e.shape]));
  const tensors = new Map<string, TensorToStore>();
  for (const [name, data] of weights) tensors.set(rename(name), { shape: shapes.get(name)!, data });
  change(tensors);
  const file = path.join(folder, "w.safetensors");
  writeFileSync(file, writeSafetensors(tensors));
  return readNetworkWeights(file, network, LAST);
}

describe("a weights file", () => {
  it("may name its entries with or without features., and hold a classifier and deeper layers", async () => {
    const more = (t: Map<string, TensorToStore>) =>
      t.set("classifier.1.weight", { shape: [1], data: Float32Array.of(1) });
    expect(await roundTrip(random(), (n) => `features.${n}`, more)).toEqual(random());
    expect(await roundTrip(random(), (n) => n)).toEqual(random());
  });

  it("may be PyTorch's", async () => {
    const items: number[][] = [];
    const storages: Record<string, Float32Array> = {};
    for (const [i, { name, shape }] of neededEntries(network, LAST).entries()) {
      const data = random().get(name)!;
      const strides = shape.map((_, d) => shape.slice(d + 1).reduce((a, b) => a * b, 1));
      items.push(
        op.text(`features.${name}`),
        tensorOps({ key: String(i), elements: data.length, shape, strides }),
      );
      storages[i] = data;
    }
    const file = path.join(folder, "w.pth");
    writeFileSync(file, torchFile(op.dict(...items), storages));
    expect(await readNetworkWeights(file, network, LAST)).toEqual(random());
  });

  it("that lacks entries or has others of that name is refused with the list of them", async () => {
    const broken = roundTrip(
      random(),
      (n) => `features.${n}`,
      (t) => {
        t.delete("features.0.bias");
        t.set("features.3.squeeze.weight", { shape: [16, 64], data: new Float32Array(1024) });
        t.set("features.3.squeeze.bias", { shape: [16], data: new Int32Array(16) });
        t.set("features.0.weight", { shape: [64, 3, 3, 3], data: new Float32Array(1728).fill(Number.NaN) });
      },
    );
    await expect(broken).rejects.toThrow(DataError);
    await expect(broken).rejects.toThrow(
      "no weights of squeezenet1_1: features.0.weight holds NaN; features.0.bias is missing; " +
        "features.3.squeeze.weight has shape [16,64], expected [16,64,1,1]; " +
        "features.3.squeeze.bias is I32, expected floating point",
    );
  });

  it("of another network is refused without listing hundreds of names", async () => {
    const file = path.join(folder, "other.safetensors");
    writeFileSync(file, writeSafetensors([["x", { shape: [1], data: new Float32Array(1) }]]));
    await expect(readNetworkWeights(file, getNetwork("vgg19_bn"), 52)).rejects.toThrow(/; and 88 more$/);
  });

  it("of an unknown kind is refused", async () => {
    await expect(readNetworkWeights("vgg.h5", network, LAST)).rejects.toThrow(ConfigError);
    await expect(readNetworkWeights("none.safetensors", network, LAST)).rejects.toThrow(
      /weights: no file none/,
    );
  });
});
