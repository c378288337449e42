import { existsSync } from "node:fs";
import path from "node:path";
import { ConfigError, DataError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { readTorchFile } from "../formats/torch_file.ts";
import { Rng } from "../rng.ts";
import { MODEL_KEYS } from "./keys.ts";
import { layerEntries, type NetworkTable } from "./layer_table.ts";

/** Weights by PyTorch's names below `features.` ("0.weight"), in PyTorch's layout (OIHW). */
export type NetworkWeights = ReadonlyMap<string, Float32Array>;

/** The entries of a network that its layers 0 … `last` need. */
export function neededEntries({ layers }: NetworkTable, last: number): { name: string; shape: number[] }[] {
  return layers.slice(0, last + 1).flatMap((layer, index) => layerEntries(layer, index));
}

/**
 * The weights in a file, .safetensors or PyTorch's .pth, .pt, .ckpt; names with or without `features.` in
 * front; what else is in the file (a classifier, deeper layers) is left alone.
 * @throws DataError where the file is unreadable, or entries are missing or of another shape, listing them
 */
export async function readNetworkWeights(
  file: string,
  network: NetworkTable,
  last: number,
  key = MODEL_KEYS.weights,
): Promise<NetworkWeights> {
  const { tensors } = await readWeightFile(file, key);
  const weights = new Map<string, Float32Array>();
  const problems: string[] = [];
  for (const { name, shape } of neededEntries(network, last)) {
    const tensor = tensors.get(`features.${name}`) ?? tensors.get(name);
    if (!tensor) problems.push(`features.${name} is missing`);
    else if (tensor.shape.join() !== shape.join())
      problems.push(`features.${name} has shape [${tensor.shape}], expected [${shape}]`);
    else if (tensor.data instanceof Float32Array) weights.set(name, tensor.data);
    else if (tensor.data instanceof Float64Array) weights.set(name, Float32Array.from(tensor.data));
    else problems.push(`features.${name} is ${tensor.dtype}, expected floating point`);
    const bad = weights.get(name)?.find((v) => !Number.isFinite(v));
    if (bad !== undefined) problems.push(`features.${name} holds ${bad}`);
  }
  if (problems.length > 0) {
    const shown = problems.slice(0, 8).join("; ");
    const more = problems.length > 8 ? `; and ${problems.length - 8} more` : "";
    throw new DataError(`${file}: no weights of ${network.name}: ${shown}${more}`);
  }
  return weights;
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

/**
 * Weights by He's normal initialization, biases 0 and batch norm the identity; the same in every run. For
 * benchmarks and tests: features of random weights mean little.
 */
export function randomNetworkWeights(network: NetworkTable, last: number): NetworkWeights {
  const rng = Rng.fromSeed(0).fold("feature_network");
  return new Map(
    neededEntries(network, last).map(({ name, shape }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      if (shape.length === 1) {
        const one = name.endsWith(".running_var") || name.endsWith(".weight");
        return [name, new Float32Array(size).fill(one ? 1 : 0)] as const;
      }
      const deviation = Math.sqrt(2 / (size / shape[0]!));
      return [
        name,
        rng
          .fold(name)
          .normalArray(size)
          .map((v) => v * deviation),
      ] as const;
    }),
  );
}
