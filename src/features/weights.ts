import { DataError } from "../errors.ts";
import type { TensorData } from "../formats/safetensors.ts";
import { Rng } from "../rng.ts";
import { layerEntries, type NetworkTable } from "./layer_table.ts";

/** Weights by PyTorch's names below `features.` ("0.weight"), in PyTorch's layout (OIHW). */
export type NetworkWeights = ReadonlyMap<string, Float32Array>;

/** The entries of a network that its layers 0 … `last` need. */
export function neededEntries({ layers }: NetworkTable, last: number): { name: string; shape: number[] }[] {
  return layers.slice(0, last + 1).flatMap((layer, index) => layerEntries(layer, index));
}

/** A tensor of a file. */
interface Stored {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: TensorData | ArrayBufferView;
}

/**
 * A network's weights among the tensors of `file`: names with or without `features.` in front; what else is there (a
 * classifier, deeper layers) is left alone.
 * @throws DataError where some are missing or of another shape, listing them
 */
export function weightsAmong(
  tensors: ReadonlyMap<string, Stored>,
  file: string,
  network: NetworkTable,
  last: number,
): NetworkWeights {
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
