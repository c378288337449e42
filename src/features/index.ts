import path from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError, ShapeError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import type { FeatureNetworkSpec, FrozenNetwork, LayerName } from "./frozen_network.ts";
import type { NetworkTable } from "./layer_table.ts";
import { planNetwork } from "./plan.ts";
import { plainRunner } from "./run_plain.ts";
import { checkImageSize, type SelectedLayer, selectLayers } from "./select_layers.ts";
import { SQUEEZENET } from "./squeezenet.ts";
import { TINY_VGG } from "./tiny_vgg.ts";
import { VGG } from "./vgg.ts";
import { type NetworkWeights, randomNetworkWeights, readNetworkWeights } from "./weights.ts";

const NETWORKS: ReadonlyMap<string, NetworkTable> = new Map(
  [TINY_VGG, ...VGG, ...SQUEEZENET].map((network) => [network.name, network]),
);

/** The names of all frozen networks. */
export function networkNames(): string[] {
  return [...NETWORKS.keys()];
}

/** The layer table of a network. @throws ConfigError for an unknown name */
export function getNetwork(name: string): NetworkTable {
  const network = NETWORKS.get(name);
  if (network) return network;
  const names = networkNames();
  throw new ConfigError(
    `model_params.feature_network: expected one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`,
  );
}

export interface LoadArgs {
  /** [H, W, C] of the images that will come, C = 1 or 3. */
  readonly imageShape: readonly [number, number, number];
  /** Folder that a relative weights file starts from. */
  readonly baseDir: string;
}

/**
 * The frozen network that a config asks for, ready to run. `layers`: by name or torchvision index; the
 * network's own choice where not given. The caller disposes it.
 * @throws ConfigError for unknown names or weights that are not given, DataError for weights that don't fit,
 * ShapeError for images too small for the layers
 */
export async function loadFrozenNetwork(
  spec: FeatureNetworkSpec,
  layers: readonly LayerName[] | undefined,
  args: LoadArgs,
): Promise<FrozenNetwork> {
  const { name, weights, normalize = "imagenet" } = typeof spec === "string" ? { name: spec } : spec;
  const network = getNetwork(name);
  const selected = selectLayers(network, layers ?? network.defaultLayers);
  const [height, width, channels] = args.imageShape;
  if (channels !== 1 && channels !== 3)
    throw new ShapeError(`feature network ${name}: expected images of 1 or 3 channels, got ${channels}`);
  checkImageSize(network, selected, height, width);
  const found = await findWeights(network, weights, selected.at(-1)!.at, args.baseDir);
  return frozenNetwork(network, selected, found, normalize);
}

async function findWeights(
  network: NetworkTable,
  weights: string | undefined,
  last: number,
  baseDir: string,
): Promise<NetworkWeights> {
  if (weights === "random") return randomNetworkWeights(network, last);
  if (weights !== undefined) return readNetworkWeights(path.resolve(baseDir, weights), network, last);
  if (network.embedded) {
    const asset = new URL(`../../assets/${network.embedded}`, import.meta.url);
    return readNetworkWeights(fileURLToPath(asset), network, last);
  }
  const { name } = network;
  throw new ConfigError(
    `model_params.feature_network: ${name} needs its weights, a file that is not part of this project. ` +
      `Write it once in Python: torch.save(torchvision.models.${name}(weights="DEFAULT").state_dict(), "${name}.pth"), ` +
      `then say feature_network: {name: ${name}, weights: ${name}.pth}; or weights: random to try things out, ` +
      "or feature_network: tiny_vgg, which needs none",
  );
}

/** A frozen network of given weights, which must hold all entries up to the last layer selected. */
export function frozenNetwork(
  network: NetworkTable,
  selected: readonly SelectedLayer[],
  weights: NetworkWeights,
  normalize: "imagenet" | "none",
): FrozenNetwork {
  const runner = plainRunner(planNetwork(network, selected, weights), normalize);
  let disposed = false;
  const running = () => {
    if (disposed) throw new Error(`feature network ${network.name} was used after its disposal`);
    return runner;
  };
  return {
    name: network.name,
    layers: selected.map((s) => s.name),
    features: (images) => running().run(images),
    constants: (images) => running().constants(images),
    dispose: () => {
      if (!disposed) runner.dispose();
      disposed = true;
    },
  };
}
