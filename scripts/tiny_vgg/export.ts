import { writeFileSync } from "node:fs";
import path from "node:path";
import { readNetworkWeights } from "../../src/features/find_weights.ts";
import { frozenNetwork } from "../../src/features/load_network.ts";
import { selectLayers } from "../../src/features/select_layers.ts";
import { TINY_VGG } from "../../src/features/tiny_vgg.ts";
import { type TensorToStore, writeSafetensors } from "../../src/formats/safetensors.ts";
import { type Tensor2D, type Tensor4D, tf } from "../../src/tf.ts";
import type { LabelledImages } from "./cifar10_jpeg.ts";
import { type Classifier, EPSILON } from "./classifier.ts";

/**
 * The bytes of the weights file: convolutions with batch norm folded in and the classifier, float16, under
 * torchvision's names and layout; and `accuracy`, the share of `test` that these very bytes classify rightly
 * when read and run as a frozen network. `metadata` is stored with it.
 */
export async function exportFolded(
  net: Classifier,
  test: LabelledImages,
  metadata: Record<string, string>,
  workFolder: string,
): Promise<{ bytes: Uint8Array; accuracy: number }> {
  const tensors = foldedTensors(net);
  const draft = path.join(workFolder, "draft.safetensors");
  writeFileSync(draft, writeSafetensors(tensors));
  const accuracy = await frozenAccuracy(draft, tensors, test);
  const measured = { ...metadata, test_accuracy: accuracy.toFixed(4) };
  return { bytes: writeSafetensors(tensors, measured), accuracy };
}

function foldedTensors({ params, statistics }: Classifier): Map<string, TensorToStore> {
  const values = (name: string) => (params.get(name) ?? statistics.get(name))!.dataSync() as Float32Array;
  const tensors = new Map<string, TensorToStore>();
  const put = (name: string, shape: number[], data: Float32Array) =>
    tensors.set(name, { shape, data, dtype: "F16" });
  for (const [index, layer] of TINY_VGG.layers.entries()) {
    if (layer.kind !== "conv") continue;
    const { name, outChannels, inChannels } = layer;
    const [variance, gamma] = [values(`${name}.running_var`), values(`${name}.gamma`)];
    const [mean, beta] = [values(`${name}.running_mean`), values(`${name}.beta`)];
    const scale = gamma.map((g, c) => g / Math.sqrt(variance[c]! + EPSILON));
    const source = values(`${name}.weight`); // [3, 3, in, out]
    const filter = new Float32Array(source.length); // [out, in, 3, 3]
    for (let k = 0; k < 9; k++)
      for (let i = 0; i < inChannels; i++)
        for (let o = 0; o < outChannels; o++)
          filter[(o * inChannels + i) * 9 + k] = source[(k * inChannels + i) * outChannels + o]! * scale[o]!;
    put(`features.${index}.weight`, [outChannels, inChannels, 3, 3], filter);
    const bias = beta.map((b, c) => b - mean[c]! * scale[c]!);
    put(`features.${index}.bias`, [outChannels], bias);
  }
  const head = params.get("linear.weight")!;
  const transposed = tf.tidy(() => tf.transpose(head as unknown as Tensor2D).dataSync() as Float32Array);
  put("classifier.weight", [head.shape[1]!, head.shape[0]!], transposed);
  put("classifier.bias", [head.shape[1]!], values("linear.bias"));
  return tensors;
}

/** Accuracy of the frozen network in `file` with the classifier of `tensors`. */
async function frozenAccuracy(
  file: string,
  tensors: ReadonlyMap<string, TensorToStore>,
  { images, labels }: LabelledImages,
): Promise<number> {
  const selected = selectLayers(TINY_VGG, ["relu4_1"]);
  const network = frozenNetwork(
    TINY_VGG,
    selected,
    await readNetworkWeights(file, TINY_VGG, selected[0]!.at),
    "imagenet",
  );
  const head = tensors.get("classifier.weight")!;
  const bias = tensors.get("classifier.bias")!;
  const size = images.length / labels.length;
  let right = 0;
  for (let from = 0; from < labels.length; from += 500) {
    const count = Math.min(500, labels.length - from);
    const guesses = tf.tidy(() => {
      const bytes = images.subarray(from * size, (from + count) * size);
      const batch = tf.div(tf.tensor4d(Float32Array.from(bytes), [count, 32, 32, 3]), 255) as Tensor4D;
      const pooled = tf.mean(network.features(batch).relu4_1!, [1, 2]) as Tensor2D;
      const weight = tf.tensor2d(head.data as Float32Array, [head.shape[0]!, head.shape[1]!]);
      const logits = tf.add(tf.matMul(pooled, weight, false, true), tf.tensor1d(bias.data as Float32Array));
      return tf.argMax(logits, 1).dataSync();
    });
    for (let k = 0; k < count; k++) if (guesses[k] === labels[from + k]) right++;
  }
  network.dispose();
  return right / labels.length;
}
