import { ConfigError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";
import { ALEXNET } from "./alexnet.ts";
import { MODEL_KEYS } from "./keys.ts";
import type { NetworkTable } from "./layer_table.ts";
import { SQUEEZENET } from "./squeezenet.ts";
import { TINY_VGG } from "./tiny_vgg.ts";
import { VGG } from "./vgg.ts";

/** The registry: a network is its table and one entry here. */
const NETWORKS: ReadonlyMap<string, NetworkTable> = new Map(
  [TINY_VGG, ...VGG, ...SQUEEZENET, ALEXNET].map((network) => [network.name, network]),
);

/** The network where a config names none: it comes with its weights. */
export const DEFAULT_NETWORK = TINY_VGG.name;

/** The names of all frozen networks. */
export function networkNames(): string[] {
  return [...NETWORKS.keys()];
}

/** The layer table of a network; `key` is what names it, for messages. @throws ConfigError for an unknown name */
export function getNetwork(name: string, key = MODEL_KEYS.network): NetworkTable {
  const network = NETWORKS.get(name);
  if (network) return network;
  const names = networkNames();
  throw new ConfigError(
    `${key}: expected one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`,
  );
}
