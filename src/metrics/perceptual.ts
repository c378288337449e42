import type { FeatureNetworkSpec, LoadArgs } from "../features/frozen_network.ts";
import { loadFrozenNetwork } from "../features/load_network.ts";
import { getNetwork } from "../features/registry.ts";
import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import type { JudgeOptions, PictureSetup } from "./define.ts";
import { type Distance, unitVectors } from "./lpips.ts";
import { defineComparison } from "./mean_over_pictures.ts";

/** The layers compared: the last before each pool, and the last of all (of vgg16 the five that LPIPS takes). */
export function comparedLayers(network: string, key?: string): string[] {
  const layers = getNetwork(network, key).layers;
  const ends = layers.filter((layer, i) => {
    const next = layers[i + 1];
    return (layer.kind === "relu" || layer.kind === "fire") && (!next || next.kind === "max_pool");
  });
  return ends.map((layer) => layer.name);
}

/**
 * The perceptual distance of any classifier's features, without trained heads: sum over layers of the mean over
 * positions of |f(x) - f(y)|^2, where f is the layer's feature vector divided by its length; that is LPIPS with all
 * weights 1, twice a cosine distance (Zhang et al., arXiv 1801.03924, eq. 1). Lower is more alike; compare only by the same
 * network and at the same size.
 *
 * @throws ConfigError, DataError, ShapeError as `loadFrozenNetwork`
 */
export async function loadPerceptual(spec: FeatureNetworkSpec, args: LoadArgs): Promise<Distance> {
  const layers = comparedLayers(typeof spec === "string" ? spec : spec.name, args.keys?.network);
  const network = await loadFrozenNetwork(spec, layers, args);
  return {
    of: (x: Tensor4D, y: Tensor4D) =>
      tf.tidy(() => {
        const [fx, fy] = [network.constants(x), network.constants(y)];
        const terms = layers.map((layer) => {
          const difference = tf.square(tf.sub(unitVectors(fx[layer]!), unitVectors(fy[layer]!)));
          return tf.mean<Tensor1D>(tf.sum(difference, 3), [1, 2]);
        });
        return terms.reduce((a, b) => tf.add(a, b));
      }),
    dispose: () => network.dispose(),
  };
}

/** Why a feature network can't take such images; undefined where it can. */
export function notForNetworks({ imageShape: [, , channels] }: PictureSetup): string | undefined {
  return channels === 1 || channels === 3 ? undefined : `needs 1 or 3 channels, these have ${channels}`;
}

/** For the network that the options choose. */
export const judgeArgs = (
  { baseDir, keys }: JudgeOptions,
  imageShape: PictureSetup["imageShape"],
): LoadArgs => ({
  imageShape,
  baseDir,
  ...(keys && { keys: keys.network }),
});

export const perceptualMetric = defineComparison({
  name: "perceptual",
  byDefault: false,
  byNetwork: true,
  judge: "network",
  says: {
    unit: "",
    better: "lower",
    computed: "distance of reconstructions by the network's features, without trained heads",
  },
  missing: notForNetworks,
  load: ({ options, imageShape }) => loadPerceptual(options.network, judgeArgs(options, imageShape)),
});
