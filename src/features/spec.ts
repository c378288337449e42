import { ShapeError } from "../errors.ts";
import type { FeatureNetworkSpec } from "./frozen_network.ts";
import { MODEL_KEYS, type NetworkKeys } from "./keys.ts";
import type { NetworkTable } from "./layer_table.ts";
import { getNetwork } from "./registry.ts";
import { checkImageSize, type SelectedLayer } from "./select_layers.ts";
import type { Normalization } from "./sources/known.ts";
import { sourceOf } from "./sources/source.ts";

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
  keys: NetworkKeys = MODEL_KEYS,
): void {
  if (channels !== 1 && channels !== 3) {
    throw new ShapeError(
      `${keys.network}: ${network.name}: expected images of 1 or 3 channels, got ${channels}.`,
    );
  }
  checkImageSize(network, selected, [height, width], keys);
}
