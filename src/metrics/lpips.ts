import path from "node:path";
import { DataError } from "../errors.ts";
import type { FeatureNetworkSpec } from "../features/frozen_network.ts";
import type { NetworkKeys } from "../features/keys.ts";
import { loadFrozenNetwork } from "../features/load_network.ts";
import { readTorchFile } from "../formats/torch_file.ts";
import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { LPIPS_VARIANTS, type LpipsFiles } from "./lpips_files.ts";
import { type Comparison, defineComparison } from "./mean_over_pictures.ts";

/** A distance, 0 for equal images; of those of 1 or 3 channels. */
export type Distance = Required<Comparison>;

/**
 * The learned perceptual image patch similarity (LPIPS 0.1): sum over layers of the mean over positions of
 * sum_c w_c (f_c(x) - f_c(y))^2, where f is the layer's feature vector divided by its length and w the trained head
 * (Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric", arXiv 1801.03924, eq. 1).
 * Lower is more alike.
 *
 * @throws ConfigError, DataError where files are missing or don't fit
 */
export async function loadLpips(
  { variant, backbone, heads, baseDir }: LpipsFiles,
  imageShape: readonly [number, number, number],
  keys?: NetworkKeys,
): Promise<Distance> {
  const { network: name, layers } = LPIPS_VARIANTS[variant];
  const weights = await readHeads(path.resolve(baseDir, heads), layers.length);
  const spec: FeatureNetworkSpec = { name, weights: backbone };
  const network = await loadFrozenNetwork(spec, layers, { imageShape, baseDir, ...(keys && { keys }) });
  return {
    of: (x, y) =>
      tf.tidy(() => {
        const [fx, fy] = [network.constants(x), network.constants(y)];
        const terms = layers.map((layer, i) => {
          const channels = fx[layer]!.shape[3];
          if (weights[i]!.length !== channels)
            throw new DataError(
              `${heads}: head ${i} has ${weights[i]!.length} weights, expected ${channels} (${layer}).`,
            );
          const difference = tf.square(tf.sub(unitVectors(fx[layer]!), unitVectors(fy[layer]!)));
          return tf.mean<Tensor1D>(tf.sum(tf.mul(difference, weights[i]!), 3), [1, 2]);
        });
        return terms.reduce((a, b) => tf.add(a, b));
      }),
    dispose: () => network.dispose(),
  };
}

/** Each position's vector divided by its length. */
export function unitVectors(x: Tensor4D): Tensor4D {
  const length = tf.sqrt(tf.sum(tf.square(x), 3, true));
  return tf.div(x, tf.add(length, 1e-10));
}

async function readHeads(file: string, count: number): Promise<Float32Array[]> {
  const { tensors } = await readTorchFile(file);
  const heads = Array.from({ length: count }, (_, i) => tensors.get(`lin${i}.model.1.weight`)?.data);
  const missing = heads.findIndex((head) => !(head instanceof Float32Array));
  if (missing < 0 && tensors.size === count) return heads as Float32Array[];
  throw new DataError(
    `${file}: expected the ${count} heads lin0.model.1.weight … lin${count - 1}.model.1.weight of this variant of ` +
      `LPIPS, got ${[...tensors.keys()].slice(0, 8).join(", ")}.`,
  );
}

export const lpipsMetric = defineComparison({
  name: "lpips",
  judge: "lpips",
  says: { unit: "", better: "lower", computed: "learned perceptual distance of reconstructions" },
  missing: ({ options: { lpips, remedies } }) =>
    lpips ? undefined : `needs trained files: ${remedies?.lpips ?? "--lpips vgg:BACKBONE:HEADS"}`,
  load: ({ options, imageShape }) => loadLpips(options.lpips!, imageShape, options.keys?.lpips),
});
