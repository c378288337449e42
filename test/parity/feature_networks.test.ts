import path from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { useBackend } from "../../src/backends/use_backend.ts";
import { frozenNetwork, loadFrozenNetwork } from "../../src/features/load_network.ts";
import { getNetwork } from "../../src/features/registry.ts";
import { selectLayers } from "../../src/features/select_layers.ts";
import { type NetworkWeights, neededEntries } from "../../src/features/weights.ts";
import { readSafetensors, type Safetensors } from "../../src/formats/safetensors.ts";
import { type Scalar, type Tensor, type Tensor4D, tf } from "../../src/tf.ts";
import { formula, formulaWeights } from "../support/formula.ts";
import { probeErrors } from "../support/probes.ts";
import { pytorchVae } from "../support/reference.ts";
import { describeShared, shared } from "../support/shared.ts";

/** ||a - b|| / ||b||. */
const relativeError = (a: Tensor, b: Tensor) =>
  tf.tidy(() => tf.norm(tf.sub(a, b)).dataSync()[0]! / tf.norm(b).dataSync()[0]!);

function nhwc(file: Safetensors, name: string): Tensor4D {
  const { data, shape } = file.tensors.get(name)!;
  const nchw = tf.tensor4d(data as Float32Array, shape as [number, number, number, number]);
  return tf.transpose(nchw, [0, 2, 3, 1]);
}

/** Weights of the formula, by the places in PyTorch's state_dict, where num_batches_tracked follows running_var. */
function weightsOfFormula(): NetworkWeights {
  const network = getNetwork("vgg19_bn");
  const weights = new Map<string, Float32Array>();
  let place = 0;
  for (const { name, shape } of neededEntries(network, network.layers.length - 1)) {
    weights.set(name, formulaWeights(name, shape, place));
    place += name.endsWith("running_var") ? 2 : 1;
  }
  return weights;
}

const nchw = (t: Tensor4D) => tf.transpose(t, [0, 3, 1, 2]).dataSync();

/** torchvision's vgg19_bn in double precision, as PyTorch-VAE's DFCVAE uses it (pytorch_vae.py). */
describe("vgg19_bn against PyTorch-VAE and torchvision", () => {
  const LAYERS = ["14", "24", "34", "43"];
  const golden = pytorchVae().features;
  let weights: NetworkWeights;
  const images = (t: number) => {
    const values = Float32Array.from(formula(2 * 3 * 64 * 64, t));
    return tf.transpose(tf.tensor4d(values, [2, 3, 64, 64]), [0, 2, 3, 1]) as Tensor4D;
  };

  beforeAll(async () => {
    await useBackend("auto");
    weights = weightsOfFormula();
  });

  it.each(["none", "imagenet"] as const)("features, loss and its gradient (%s)", (mode) => {
    const theirs = golden[mode];
    const table = getNetwork("vgg19_bn");
    const network = frozenNetwork(table, selectLayers(table, LAYERS), weights, mode);
    const target = network.features(images(810));
    for (const layer of LAYERS) {
      const { value, whole } = probeErrors(nchw(target[layer]!), theirs.features[layer]!);
      expect(value, layer).toBeLessThan(1e-4);
      expect(whole, layer).toBeLessThan(1e-5);
    }

    const { value, grad } = tf.valueAndGrad((recons: Tensor) => {
      const maps = network.features(recons as Tensor4D);
      return LAYERS.map((l) => tf.mean<Scalar>(tf.square(tf.sub(maps[l]!, target[l]!)))).reduce((a, b) =>
        tf.add(a, b),
      );
    })(images(811));
    expect(Math.abs(value.dataSync()[0]! / theirs.loss - 1)).toBeLessThan(1e-6);

    // Rounding turns a ReLU or a pool of this deep network the other way, or none, as the processor has it; one changes a
    // patch of the gradient by about 1 % of the whole (1.4 % was seen, and 0.001 % where none turned).
    expect(probeErrors(nchw(grad as Tensor4D), theirs.grad).whole).toBeLessThan(0.05);
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
