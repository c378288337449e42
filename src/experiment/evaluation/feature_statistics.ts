import { loadFrozenNetwork } from "../../features/load_network.ts";
import { getNetwork } from "../../features/registry.ts";
import { Moments } from "../../metrics/frechet.ts";
import { type Tensor4D, tf } from "../../tf.ts";
import type { FigureContext } from "./context.ts";

/** Mean and covariance of a network's last feature map, averaged over its positions. */
export interface FeatureStatistics {
  readonly moments: Moments;
  /** Adds pictures, [B, H, W, C] in [0, 1]. */
  add(pictures: Tensor4D): void;
  dispose(): void;
}

/** Of the network that the options name. @throws ConfigError, DataError, ShapeError */
export async function featureStatistics({ options, run }: FigureContext): Promise<FeatureStatistics> {
  const { name } = options.network;
  const last = getNetwork(name).layers.findLast((layer) => layer.kind === "relu" || layer.kind === "fire")!;
  const args = { imageShape: run.imageShape, baseDir: options.baseDir };
  const network = await loadFrozenNetwork(options.network, [last.name], args);
  let moments: Moments | undefined;
  return {
    get moments() {
      return moments!;
    },
    add(pictures) {
      const values = tf.tidy(() => tf.mean(network.constants(pictures)[last.name]!, [1, 2]));
      moments ??= new Moments(values.shape[1]!);
      moments.add(values.dataSync());
      values.dispose();
    },
    dispose: () => network.dispose(),
  };
}
