import path from "node:path";
import { beforeAll, expect, it } from "vitest";
import { useBackend } from "../../src/backends/index.ts";
import { frozenNetwork, getNetwork, loadFrozenNetwork } from "../../src/features/index.ts";
import { selectLayers } from "../../src/features/select_layers.ts";
import { type NetworkWeights, neededEntries } from "../../src/features/weights.ts";
import { readSafetensors, type Safetensors } from "../../src/formats/safetensors.ts";
import { type Scalar, type Tensor, type Tensor4D, tf } from "../../src/tf.ts";
import { describeShared, shared } from "../support/shared.ts";

/** ||a - b|| / ||b||. */
const relativeError = (a: Tensor, b: Tensor) =>
  tf.tidy(() => tf.norm(tf.sub(a, b)).dataSync()[0]! / tf.norm(b).dataSync()[0]!);

function nhwc(file: Safetensors, name: string): Tensor4D {
  const { data, shape } = file.tensors.get(name)!;
  const nchw = tf.tensor4d(data as Float32Array, shape as [number, number, number, number]);
  return tf.transpose(nchw, [0, 2, 3, 1]);
}

/** The "formula weights" of ../shared/golden/README.md, seed 1. */
function formulaWeights(): NetworkWeights {
  const network = getNetwork("vgg19_bn");
  const weights = new Map<string, Float32Array>();
  let number = 0; // of the entry in the state_dict, where num_batches_tracked follows each running_var
  for (const { name, shape } of neededEntries(network, network.layers.length - 1)) {
    const size = shape.reduce((a, b) => a * b, 1);
    const values = new Float32Array(size);
    for (let k = 0; k < size; k++) {
      let h = (Math.imul(k, 2654435761) + Math.imul(number, 40503) + 12345 + 7919) >>> 0;
      h = Math.imul(h ^ (h >>> 15), 2246822519) >>> 0;
      const u = ((h ^ (h >>> 13)) >>> 0) / 2 ** 32 - 0.5;
      if (shape.length > 1) values[k] = u * Math.sqrt(12) * Math.sqrt(2 / (size / shape[0]!));
      else if (name.endsWith("running_var")) values[k] = 1 + 0.5 * u;
      else values[k] = name.endsWith("weight") ? 1 + 0.2 * u : 0.1 * u;
    }
    weights.set(name, values);
    number += name.endsWith("running_var") ? 2 : 1;
  }
  return weights;
}

/** torchvision's vgg19_bn on PyTorch 2.15, as PyTorch-VAE's DFCVAE uses it: ../shared/golden/README.md. */
describeShared("golden", "vgg19_bn against torchvision", () => {
  const LAYERS = ["14", "24", "34", "43"];
  let golden: Safetensors;
  let weights: NetworkWeights;

  beforeAll(async () => {
    await useBackend("auto");
    golden = readSafetensors(path.join(shared, "golden/vgg19_bn_features.safetensors"));
    weights = formulaWeights();
  });

  it.each(["none", "imagenet"] as const)("features, loss and its gradient (%s)", (mode) => {
    const table = getNetwork("vgg19_bn");
    const network = frozenNetwork(table, selectLayers(table, LAYERS), weights, mode);
    const target = network.features(nhwc(golden, "x"));
    for (const layer of LAYERS)
      expect(relativeError(target[layer]!, nhwc(golden, `${mode}.features.${layer}`))).toBeLessThan(1e-5);

    const { value, grad } = tf.valueAndGrad((recons: Tensor) => {
      const maps = network.features(recons as Tensor4D);
      return LAYERS.map((l) => tf.mean<Scalar>(tf.square(tf.sub(maps[l]!, target[l]!)))).reduce((a, b) =>
        tf.add(a, b),
      );
    })(nhwc(golden, "recons"));
    const loss = golden.tensors.get(`${mode}.loss`)!.data[0] as number;
    expect(Math.abs(value.dataSync()[0]! / loss - 1)).toBeLessThan(1e-6);

    // Rounding turns a few ReLUs and pools of this deep network the other way, each seen in one patch of the
    // gradient: most values agree to 1e-4 of the typical one, and all of them together to 1 %.
    const expected = nhwc(golden, `${mode}.grad_recons`);
    expect(relativeError(grad, expected)).toBeLessThan(0.01);
    const typical = tf.norm(expected).dataSync()[0]! / Math.sqrt(expected.size);
    const off = tf
      .abs(tf.sub(grad, expected))
      .dataSync()
      .filter((d) => d > 1e-4 * typical).length;
    expect(off / expected.size).toBeLessThan(0.25);
    network.dispose();
  });
});

/** Real ImageNet weights and PyTorch's activations: ../shared/data/README.md. The weights are rounded to 16 bits. */
describeShared("data/squeezenet1_0", "squeezenet1_0 against PyTorch", () => {
  beforeAll(() => useBackend("auto"));

  it("activations of real weights, hanging pool windows included", async () => {
    const folder = path.join(shared, "data/squeezenet1_0");
    const golden = readSafetensors(path.join(folder, "squeezenet1_0_activations.safetensors"));
    const spec = { name: "squeezenet1_0", weights: "squeezenet1_0_features.f16.safetensors" };
    const args = { imageShape: [64, 64, 3], baseDir: folder } as const;
    const network = await loadFrozenNetwork(spec, ["relu1", "4", 7, "fire9"], args);
    const maps = network.features(nhwc(golden, "x"));
    const errors = Object.fromEntries(
      [["relu1", 1] as const, ["4", 4] as const, ["7", 7] as const, ["fire9", 12] as const].map(
        ([layer, index]) => [layer, relativeError(maps[layer]!, nhwc(golden, `features.${index}`))],
      ),
    );
    expect(errors.relu1).toBeLessThan(5e-4);
    expect(errors["4"]).toBeLessThan(1e-3);
    expect(errors["7"]).toBeLessThan(2e-3);
    expect(errors.fire9).toBeLessThan(5e-3);
    network.dispose();
  });
});
