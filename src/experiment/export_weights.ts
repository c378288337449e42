import { type TensorToStore, writeSafetensors } from "../formats/safetensors.ts";
import { encodeTorchFile, type TensorToPickle } from "../formats/torch_writer.ts";
import { toTorch } from "../nn/torch_layout.ts";
import type { OpenRun } from "./open_run.ts";

/** A run's parameters as safetensors, in this project's layout (convolutions [k, k, in, out]) and names. */
export function ownWeights({ vae, model, state }: OpenRun): Uint8Array {
  const tensors = [...vae.params].map(
    ([name, { value }]) => [name, { shape: value.shape, data: value.dataSync() as Float32Array }] as const,
  );
  return writeSafetensors(tensors, { model: model.name, step: String(state.step), layout: OWN_LAYOUT });
}

/** What `ownWeights` says of itself. */
export const OWN_LAYOUT = "tfjs-vae";

/**
 * A run's parameters as `load_state_dict` of PyTorch-VAE's model of the same options takes them: its names, shapes and
 * order, with batch norm's `num_batches_tracked`, which counts the steps. As a file that `torch.load` reads, or as
 * safetensors.
 */
export async function torchWeights(run: OpenRun, kind: "torch" | "safetensors"): Promise<Uint8Array> {
  const tensors = stateDict(run);
  if (kind === "torch") return encodeTorchFile(tensors);
  return writeSafetensors(tensors, { format: "pt", model: run.model.name });
}

function stateDict({ vae, state }: OpenRun): (readonly [string, TensorToStore & TensorToPickle])[] {
  return [...vae.params].flatMap(([name, { value, torchLayout }]) => {
    const tensor = toTorch(torchLayout, value.shape, value.dataSync() as Float32Array);
    if (!name.endsWith(".running_var")) return [[name, tensor] as const];
    const counter = { shape: [], data: BigInt64Array.of(BigInt(state.step)) };
    return [
      [name, tensor],
      [name.replace(/running_var$/, "num_batches_tracked"), counter],
    ] as const;
  });
}
