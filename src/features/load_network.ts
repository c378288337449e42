import { findWeights } from "./find_weights.ts";
import type { FeatureNetworkSpec, FrozenNetwork, LayerName, LoadArgs } from "./frozen_network.ts";
import { MODEL_KEYS } from "./keys.ts";
import type { NetworkTable } from "./layer_table.ts";
import { forRgb } from "./normalize.ts";
import { planNetwork } from "./plan.ts";
import { getNetwork } from "./registry.ts";
import { plainRunner } from "./run_plain.ts";
import { type SelectedLayer, selectLayers } from "./select_layers.ts";
import type { Normalization } from "./sources/known.ts";
import { checkFeatureImages, completeSpec } from "./spec.ts";
import type { NetworkWeights } from "./weights.ts";

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
  if (args.withoutLoss) return nameOnly(network, selected);
  const found = await findWeights(network, weights, selected.at(-1)!.at, args);
  return frozenNetwork(network, selected, found, normalize);
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

/** A network without weights. */
function nameOnly({ name }: NetworkTable, selected: readonly SelectedLayer[]): FrozenNetwork {
  const fail = (): never => {
    throw new Error(`feature network ${name} was left out, as no loss was to be computed`);
  };
  return { name, layers: selected.map((s) => s.name), features: fail, constants: fail, dispose() {} };
}
