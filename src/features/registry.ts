import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { OnProgress } from "../download/unpack.ts";
import { ConfigError, ShapeError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";
import { ALEXNET } from "./alexnet.ts";
import type { FeatureNetworkSpec, FrozenNetwork, LayerName } from "./frozen_network.ts";
import type { NetworkTable } from "./layer_table.ts";
import { forRgb } from "./normalize.ts";
import { planNetwork } from "./plan.ts";
import { plainRunner } from "./run_plain.ts";
import { checkImageSize, type SelectedLayer, selectLayers } from "./select_layers.ts";
import { knownWeights, type Normalization } from "./sources/known.ts";
import { knownSource, sourceOf } from "./sources/source.ts";
import { SQUEEZENET } from "./squeezenet.ts";
import { TINY_VGG } from "./tiny_vgg.ts";
import { VGG } from "./vgg.ts";
import { type NetworkWeights, randomNetworkWeights, readNetworkWeights } from "./weights.ts";

const NETWORKS: ReadonlyMap<string, NetworkTable> = new Map(
  [TINY_VGG, ...VGG, ...SQUEEZENET, ALEXNET].map((network) => [network.name, network]),
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
  /** Called while weights are got: megabytes done, megabytes in all. */
  progress?(what: string, done: number, total: number): void;
}

/**
 * What can be said of a spec before anything is loaded.
 *
 * @throws ConfigError for an unknown network or weights that can't be
 */
export function checkFeatureNetwork(spec: FeatureNetworkSpec): NetworkTable {
  const { name, weights } = typeof spec === "string" ? { name: spec } : spec;
  const network = getNetwork(name);
  if (weights !== undefined) sourceOf(name, weights);
  return network;
}

/** The object form of a spec, its default of `normalize` written out. */
export function completeSpec(spec: FeatureNetworkSpec) {
  const object = typeof spec === "string" ? { name: spec } : spec;
  const normalize: Normalization = object.weights === "caffe" ? "caffe" : "imagenet";
  return { normalize, ...object };
}

/** @throws ShapeError for images that the layers can't take */
export function checkFeatureImages(
  network: NetworkTable,
  selected: readonly SelectedLayer[],
  [height, width, channels]: readonly [number, number, number],
): void {
  if (channels !== 1 && channels !== 3) {
    throw new ShapeError(
      `model_params.feature_network: ${network.name}: expected images of 1 or 3 channels, got ${channels}.`,
    );
  }
  checkImageSize(network, selected, height, width);
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
  const { name, weights, normalize } = completeSpec(spec);
  const network = getNetwork(name);
  const selected = selectLayers(network, layers ?? network.defaultLayers);
  checkFeatureImages(network, selected, args.imageShape);
  const found = await findWeights(network, weights, selected.at(-1)!.at, args);
  return frozenNetwork(network, selected, found, normalize);
}

async function findWeights(
  network: NetworkTable,
  weights: string | undefined,
  last: number,
  { baseDir, progress }: LoadArgs,
): Promise<NetworkWeights> {
  const read = (file: string) => readNetworkWeights(file, network, last);
  if (weights !== undefined) {
    const source = sourceOf(network.name, weights);
    if (source.kind === "random") return randomNetworkWeights(network, last);
    if (source.kind === "file") return read(path.resolve(baseDir, source.name));
    const what = `${path.basename(source.file)}, MB`;
    const megabytes = (bytes: number) => Math.round(bytes / 1e6);
    const onProgress: OnProgress = ({ done, total }) => progress?.(what, megabytes(done), megabytes(total));
    const { fetchWeights } = await import("./sources/fetch.ts"); // its HTTP client takes a while to load
    return read(await fetchWeights(source, { onProgress }));
  }
  if (network.embedded) {
    const asset = new URL(`../../assets/${network.embedded}`, import.meta.url);
    return read(fileURLToPath(asset));
  }
  const { name } = network;
  const known = knownSource(knownWeights(name)[0]!);
  if (existsSync(known.file)) return read(known.file);
  throw new ConfigError(
    `model_params.feature_network: ${name} needs its weights, a file that is not part of this project. ` +
      `Get them once: vae networks fetch ${name}; or put torchvision's file there: ${known.file}; or name a file ` +
      `that you have, feature_network: {name: ${name}, weights: FILE}, or weights: random to try things out; or ` +
      "take feature_network: tiny_vgg, which needs none.",
  );
}

/** A frozen network of given weights, which must hold all entries up to the last layer selected. */
export function frozenNetwork(
  network: NetworkTable,
  selected: readonly SelectedLayer[],
  weights: NetworkWeights,
  normalize: Normalization,
): FrozenNetwork {
  const first = network.layers[0];
  const ours = normalize === "caffe" && first?.kind === "conv" ? forRgb(weights, first.kernel) : weights;
  const runner = plainRunner(planNetwork(network, selected, ours), normalize);
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
