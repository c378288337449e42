import { beforeAll, describe, expect, it, vi } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { ConfigError, ShapeError } from "../../src/errors.ts";
import type { NetworkTable } from "../../src/features/layer_table.ts";
import { frozenNetwork, loadFrozenNetwork } from "../../src/features/load_network.ts";
import { selectLayers } from "../../src/features/select_layers.ts";
import type { Normalization } from "../../src/features/sources/known.ts";
import { vggLayers } from "../../src/features/vgg.ts";
import { type NetworkWeights, neededEntries } from "../../src/features/weights.ts";
import { Rng } from "../../src/rng.ts";
import { type Scalar, type Tensor1D, type Tensor4D, tf } from "../../src/tf.ts";
import { trainingBackends } from "../support/backends.ts";
import { maxDifference } from "../support/models.ts";

const SMALL: NetworkTable = {
  name: "small_bn",
  summary: "",
  layers: vggLayers([[4], [6, 5]], true),
  defaultLayers: ["relu2_1"],
};

/** Weights with batch norm far from the identity. */
function weightsFor(table: NetworkTable): NetworkWeights {
  const rng = Rng.fromSeed(5);
  return new Map(
    neededEntries(table, table.layers.length - 1).map(({ name, shape }) => {
      const noise = rng.fold(name).normalArray(shape.reduce((a, b) => a * b, 1));
      return [name, name.endsWith("running_var") ? noise.map((v) => 0.5 + v * v) : noise.map((v) => 0.4 * v)];
    }),
  );
}

/** The network written out in tfjs's own ops, nothing folded: every layer's output by name. */
function unfolded(table: NetworkTable, weights: NetworkWeights, images: Tensor4D): Map<string, Tensor4D> {
  const out = new Map<string, Tensor4D>();
  let x = images;
  for (const [i, layer] of table.layers.entries()) {
    const get = (leaf: string) => tf.tensor1d(weights.get(`${i}.${leaf}`)!);
    if (layer.kind === "conv") {
      const oihw = tf.tensor4d(weights.get(`${i}.weight`)!, [layer.outChannels, layer.inChannels, 3, 3]);
      x = tf.add(tf.conv2d(x, tf.transpose(oihw, [2, 3, 1, 0]), 1, "same"), get("bias"));
    } else if (layer.kind === "batch_norm") {
      const parts = [get("running_mean"), get("running_var"), get("bias"), get("weight")] as const;
      x = tf.batchNorm(x, ...(parts as [Tensor1D, Tensor1D, Tensor1D, Tensor1D]), 1e-5);
    } else x = layer.kind === "relu" ? tf.relu(x) : tf.maxPool(x, 2, 2, "valid");
    out.set(layer.name, x);
  }
  return out;
}

describe.each(["cpu", ...trainingBackends])("a frozen network on %s", (backend) => {
  beforeAll(() => useBackend(backend));

  const weights = weightsFor(SMALL);
  const images = () => Rng.fromSeed(6).uniform<Tensor4D>([2, 9, 8, 3]);
  const load = (layers: string[], normalize: Normalization = "none") =>
    frozenNetwork(SMALL, selectLayers(SMALL, layers), weights, normalize);
  const sumOfSquares = (maps: Record<string, Tensor4D>) =>
    Object.values(maps)
      .map((m) => tf.sum<Scalar>(tf.square(m)))
      .reduce((a, b) => tf.add(a, b));

  it("gives every layer's output, batch norm folded or not", () => {
    const expected = unfolded(SMALL, weights, images());
    for (const layers of [["relu2_2"], ["pool2"], ["bn2_1", "relu2_1"], ["conv1_1", "relu1_1", "conv2_2"]]) {
      const network = load(layers);
      const maps = network.features(images());
      expect(network.layers).toEqual(layers);
      for (const layer of layers) {
        expect(maps[layer]!.shape).toEqual(expected.get(layer)!.shape);
        expect(maxDifference(maps[layer]!.dataSync(), expected.get(layer)!.dataSync())).toBeLessThan(2e-5);
      }
      network.dispose();
    }
  });

  it("has the gradient of the unfolded network", () => {
    const layers = ["conv1_1", "relu2_1", "relu2_2"];
    const network = load(layers);
    const got = tf.grad((x) => sumOfSquares(network.features(x as Tensor4D)))(images());
    const want = tf.grad((x) => {
      const all = unfolded(SMALL, weights, x as Tensor4D);
      return sumOfSquares(Object.fromEntries(layers.map((l) => [l, all.get(l)!])));
    })(images());
    const scale = Math.max(...tf.abs(want).dataSync());
    expect(maxDifference(got.dataSync(), want.dataSync()) / scale).toBeLessThan(1e-5);
    network.dispose();
  });

  it("computes no gradient of its filters", async () => {
    const network = load(["relu2_2"], "imagenet");
    const { kernelNames } = await tf.profile(() =>
      tf.grad((x) => sumOfSquares(network.features(x as Tensor4D)))(images()),
    );
    expect(kernelNames.some((name) => name.startsWith("Conv2DBackpropInput"))).toBe(true);
    expect(kernelNames).not.toContain("Conv2DBackpropFilter");
    network.dispose();
  });

  it("subtracts ImageNet's mean and divides by its deviation, unless told not to", () => {
    const mean = tf.tensor1d([0.485, 0.456, 0.406]);
    const normalized = tf.div<Tensor4D>(tf.sub(images(), mean), tf.tensor1d([0.229, 0.224, 0.225]));
    const a = load(["relu2_1"], "imagenet").features(images()).relu2_1!;
    const b = load(["relu2_1"], "none").features(normalized).relu2_1!;
    expect(maxDifference(a.dataSync(), b.dataSync())).toBeLessThan(2e-5);
  });

  it("gives Caffe's weights values from 0 to 255 in the order BGR, less their mean", () => {
    const bgr = tf.sub<Tensor4D>(
      tf.mul(tf.reverse(images(), 3), 255),
      tf.tensor1d([103.939, 116.779, 123.68]),
    );
    const a = load(["relu2_1"], "caffe").features(images()).relu2_1!.dataSync();
    const b = load(["relu2_1"], "none").features(bgr).relu2_1!.dataSync();
    expect(maxDifference(a, b) / Math.max(...b)).toBeLessThan(1e-5);
  });

  it.each(["imagenet", "caffe", "none"] as const)(
    "sees one channel as three equal ones (%s)",
    (normalize) => {
      const grey = Rng.fromSeed(8).uniform<Tensor4D>([1, 8, 8, 1]);
      const network = load(["relu2_1"], normalize);
      const one = network.features(grey).relu2_1!;
      const three = network.features(tf.tile(grey, [1, 1, 1, 3])).relu2_1!;
      expect(maxDifference(one.dataSync(), three.dataSync())).toBe(0);
      const gradient = tf.grad((x) => sumOfSquares(network.features(x as Tensor4D)))(grey);
      expect(gradient.shape).toEqual([1, 8, 8, 1]);
    },
  );

  it("keeps no tensor but the feature maps, and none after disposal", () => {
    const x = images();
    const before = tf.memory().numTensors;
    const network = load(["relu1_1", "relu2_2"], "imagenet");
    const loaded = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) tf.dispose(network.features(x));
    tf.dispose(tf.grad((y) => sumOfSquares(network.features(y as Tensor4D)))(x));
    expect(tf.memory().numTensors).toBe(loaded);
    network.dispose();
    network.dispose();
    expect(tf.memory().numTensors).toBe(before);
    expect(() => network.features(x)).toThrow(/after its disposal/);
  });
});

describe("loading by a config's words", () => {
  beforeAll(() => useBackend("cpu"));
  const args = { imageShape: [32, 32, 3], baseDir: "." } as const;

  it("gives the same random weights every time", async () => {
    const spec = { name: "squeezenet1_1", weights: "random" };
    const x = Rng.fromSeed(1).uniform<Tensor4D>([1, 32, 32, 3]);
    const first = (await loadFrozenNetwork(spec, ["fire3"], args)).features(x).fire3!.dataSync();
    const second = (await loadFrozenNetwork(spec, ["fire2", "fire3"], args)).features(x).fire3!.dataSync();
    expect(maxDifference(first, second)).toBe(0);
    const mean = (first as Float32Array).reduce((a, b) => a + b) / first.length;
    expect(mean).toBeGreaterThan(0.05); // He's scale neither dies out nor explodes
    expect(mean).toBeLessThan(5);
  });

  it("says which file a network without embedded weights needs, and how to get it", async () => {
    vi.stubEnv("TFJS_VAE_CACHE", "/nowhere"); // where nobody has got any
    vi.stubEnv("TORCH_HOME", "/nowhere");
    const load = loadFrozenNetwork("vgg16", ["relu3_1"], args);
    vi.unstubAllEnvs();
    await expect(load).rejects.toThrow(ConfigError);
    await expect(load).rejects.toThrow(
      /vgg16 needs its weights.*networks fetch vgg16;.*vgg16-397923af\.pth.*weights: FILE.*weights: random.*tiny_vgg/,
    );
  });

  it("refuses images of two channels, and images too small", async () => {
    const two = { ...args, imageShape: [32, 32, 2] } as const;
    await expect(loadFrozenNetwork("tiny_vgg", undefined, two)).rejects.toThrow(/1 or 3 channels, got 2/);
    const small = { ...args, imageShape: [12, 12, 3] } as const;
    await expect(loadFrozenNetwork("vgg16", ["relu5_1"], small)).rejects.toThrow(ShapeError);
  });
});
