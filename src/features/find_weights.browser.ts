import { ConfigError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import type { NetworkTable } from "./layer_table.ts";
import { type NetworkWeights, randomNetworkWeights, weightsAmong } from "./weights.ts";

const given = new Map<string, Uint8Array>();

/** Gives a frozen network its weights: a file of safetensors, as torchvision names the entries. */
export const giveNetworkWeights = (network: string, file: Uint8Array): void => void given.set(network, file);

/** The weights of the layers 0 … `last` that were given. @throws ConfigError where none were, DataError */
export async function findWeights(
  network: NetworkTable,
  weights: string | undefined,
  last: number,
): Promise<NetworkWeights> {
  const { name } = network;
  if (weights === "random") return randomNetworkWeights(network, last);
  const file = given.get(name);
  if (file !== undefined) return weightsAmong(readSafetensors(file, name).tensors, name, network, last);
  throw new ConfigError(
    `model_params.feature_network: ${name} needs its weights, which a browser has to be given. Call ` +
      `giveNetworkWeights("${name}", bytes of a safetensors file) first.`,
  );
}
