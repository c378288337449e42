import path from "node:path";
import { ConfigError, DataError } from "../errors.ts";
import type { FeatureNetworkSpec } from "../features/frozen_network.ts";
import type { NetworkKeys } from "../features/keys.ts";
import { loadFrozenNetwork } from "../features/load_network.ts";
import { readTorchFile } from "../formats/torch_file.ts";
import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";

/** The layers that each variant of LPIPS compares, in the order of its heads. */
const VARIANTS = {
  alex: { network: "alexnet", layers: ["relu1", "relu2", "relu3", "relu4", "relu5"] },
  vgg: { network: "vgg16", layers: ["relu1_2", "relu2_2", "relu3_3", "relu4_3", "relu5_3"] },
  squeeze: {
    network: "squeezenet1_1",
    layers: ["relu1", "fire3", "fire5", "fire6", "fire7", "fire8", "fire9"],
  },
} as const;
export type LpipsVariant = keyof typeof VARIANTS;

export const lpipsVariants = Object.keys(VARIANTS) as LpipsVariant[];

export interface LpipsFiles {
  readonly variant: LpipsVariant;
  /** torchvision's weights of alexnet, vgg16 or squeezenet1_1, as a feature network takes them. */
  readonly backbone: string;
  /** `alex.pth`, `vgg.pth` or `squeeze.pth` of LPIPS v0.1: lin0.model.1.weight, … of shape [1, C, 1, 1]. */
  readonly heads: string;
  /** Folder that relative names start from. */
  readonly baseDir: string;
}

export interface Lpips {
  /** [B], 0 for equal images; `x`, `y`: [B, H, W, 1 or 3] in [0, 1]. */
  distance(x: Tensor4D, y: Tensor4D): Tensor1D;
  dispose(): void;
}

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
): Promise<Lpips> {
  const { network: name, layers } = VARIANTS[variant];
  const weights = await readHeads(path.resolve(baseDir, heads), layers.length);
  const spec: FeatureNetworkSpec = { name, weights: backbone };
  const network = await loadFrozenNetwork(spec, layers, { imageShape, baseDir, ...(keys && { keys }) });
  return {
    distance: (x, y) =>
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

/** `vgg:BACKBONE:HEADS`, as the command line takes it. @throws ConfigError */
export function parseLpips(text: string, baseDir: string): LpipsFiles {
  const [variant, backbone, heads, ...rest] = text.split(":");
  const known = lpipsVariants.find((name) => name === variant);
  if (known === undefined || !backbone || !heads || rest.length > 0) {
    throw new ConfigError(
      `--lpips: expected one of ${lpipsVariants.join(", ")}, a file of torchvision's weights and a file of LPIPS heads, ` +
        `such as vgg:vgg16.pth:lpips/vgg.pth, got "${text}".`,
    );
  }
  return { variant: known, backbone, heads, baseDir };
}
