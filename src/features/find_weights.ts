import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { OnProgress } from "../download/unpack.ts";
import { ConfigError, DataError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { readTorchFile } from "../formats/torch_file.ts";
import type { LoadArgs } from "./frozen_network.ts";
import { MODEL_KEYS } from "./keys.ts";
import type { NetworkTable } from "./layer_table.ts";
import { DEFAULT_NETWORK } from "./registry.ts";
import { knownWeights } from "./sources/known.ts";
import { knownSource, sourceOf } from "./sources/source.ts";
import { type NetworkWeights, randomNetworkWeights, weightsAmong } from "./weights.ts";

/** The weights that a config asks for, of the layers 0 … `last`. @throws ConfigError, DataError */
export async function findWeights(
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

/** The weights in a file, .safetensors or PyTorch's .pth, .pt, .ckpt. @throws ConfigError, DataError */
export async function readNetworkWeights(
  file: string,
  network: NetworkTable,
  last: number,
  key = MODEL_KEYS.weights,
): Promise<NetworkWeights> {
  const { tensors } = await readWeightFile(file, key);
  return weightsAmong(tensors, file, network, last);
}

async function readWeightFile(file: string, key: string) {
  const extension = path.extname(file).toLowerCase();
  const torch = [".pth", ".pt", ".ckpt", ".bin"].includes(extension);
  if (!torch && extension !== ".safetensors") {
    throw new ConfigError(`${key}: expected a .safetensors, .pth or .pt file, or "random", got "${file}"`);
  }
  if (!existsSync(file)) {
    throw new DataError(`${key}: no file ${file}. A relative name starts from the config that says it.`);
  }
  return torch ? await readTorchFile(file) : readSafetensors(file);
}
