import type { FeatureNetworkSpec } from "../features/frozen_network.ts";
import { type LoadArgs, loadFrozenNetwork } from "../features/load_network.ts";
import { getNetwork } from "../features/registry.ts";
import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { type Lpips, unitVectors } from "./lpips.ts";

/** The layers compared: the last before each pool, and the last of all (of vgg16 the five that LPIPS takes). */
export function comparedLayers(network: string): string[] {
  const layers = getNetwork(network).layers;
  const ends = layers.filter((layer, i) => {
    const next = layers[i + 1];
    return (layer.kind === "relu" || layer.kind === "fire") && (!next || next.kind === "max_pool");
  });
  return ends.map((layer) => layer.name);
}

/**
 * The perceptual distance of any classifier's features, without trained heads: sum over layers of the mean over
 * positions of |f(x) - f(y)|^2, where f is the layer's feature vector divided by its length; that is LPIPS with all
 * weights 1, twice a cosine distance (Zhang et al., arXiv 1801.03924, eq. 1). Lower is more alike; compare only by the same network and at the same size.
 *
 * @throws ConfigError, DataError, ShapeError as `loadFrozenNetwork`
 */
export async function loadPerceptual(spec: FeatureNetworkSpec, args: LoadArgs): Promise<Lpips> {
  const layers = comparedLayers(typeof spec === "string" ? spec : spec.name);
  const network = await loadFrozenNetwork(spec, layers, args);
  return {
    distance: (x: Tensor4D, y: Tensor4D) =>
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
