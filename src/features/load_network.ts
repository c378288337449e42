import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { OnProgress } from "../download/unpack.ts";
import { ConfigError } from "../errors.ts";
import type { FeatureNetworkSpec, FrozenNetwork, LayerName } from "./frozen_network.ts";
import { MODEL_KEYS, type NetworkKeys } from "./keys.ts";
import type { NetworkTable } from "./layer_table.ts";
import { forRgb } from "./normalize.ts";
import { planNetwork } from "./plan.ts";
import { DEFAULT_NETWORK, getNetwork } from "./registry.ts";
import { plainRunner } from "./run_plain.ts";
import { type SelectedLayer, selectLayers } from "./select_layers.ts";
import { knownWeights, type Normalization } from "./sources/known.ts";
import { knownSource, sourceOf } from "./sources/source.ts";
import { checkFeatureImages, completeSpec } from "./spec.ts";
import { type NetworkWeights, randomNetworkWeights, readNetworkWeights } from "./weights.ts";

export interface LoadArgs {
  /** [H, W, C] of the images that will come, C = 1 or 3. */
  readonly imageShape: readonly [number, number, number];
  /** Folder that a relative weights file starts from. */
  readonly baseDir: string;
  /** What asks for the network, for messages: a model's keys where left out. */
  readonly keys?: NetworkKeys;
  /** Called while weights are got: megabytes done, megabytes in all. */
  progress?(what: string, done: number, total: number): void;
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
  const { keys = MODEL_KEYS } = args;
  const network = getNetwork(name, keys.network);
  const selected = selectLayers(network, layers ?? network.defaultLayers);
  checkFeatureImages(network, selected, args.imageShape, keys);
  const found = await findWeights(network, weights, selected.at(-1)!.at, args);
  return frozenNetwork(network, selected, found, normalize);
}

async function findWeights(
  network: NetworkTable,
  weights: string | undefined,
  last: number,
  { baseDir, progress, keys = MODEL_KEYS }: LoadArgs,
): Promise<NetworkWeights> {
  const read = (file: string) => readNetworkWeights(file, network, last, keys.weights);
  if (weights !== undefined) {
    const source = sourceOf(network.name, weights, keys.weights);
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
  const key = keys.network.slice(keys.network.lastIndexOf(".") + 1);
  throw new ConfigError(
    `${keys.network}: ${name} needs its weights, a file that is not part of this project. ` +
      `Get them once: vae networks fetch ${name}; or put torchvision's file there: ${known.file}; or name a file ` +
      `that you have, ${key}: {name: ${name}, weights: FILE}, or weights: random to try things out; or ` +
      `take ${key}: ${DEFAULT_NETWORK}, which needs none.`,
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
