import { type TensorToStore, writeSafetensors } from "../formats/safetensors.ts";
import { toTorch } from "../nn/torch_layout.ts";
import type { OpenRun } from "./open_run.ts";

/** A run's parameters as safetensors, in this project's layout (convolutions [k, k, in, out]) and names. */
export function ownWeights({ vae, model, state }: OpenRun): Uint8Array {
  const tensors = [...vae.params].map(
    ([name, { value }]) => [name, { shape: value.shape, data: value.dataSync() as Float32Array }] as const,
  );
  return writeSafetensors(tensors, { model: model.name, step: String(state.step), layout: "tfjs-vae" });
}

/**
 * A run's parameters as safetensors that `load_state_dict` of PyTorch-VAE's model of the same options takes: its
 * names, shapes and order, with batch norm's `num_batches_tracked`, which counts the steps.
 */
export function torchWeights({ vae, model, state }: OpenRun): Uint8Array {
  const tensors: [string, TensorToStore][] = [];
  for (const [name, { value, torchLayout }] of vae.params) {
    tensors.push([name, toTorch(torchLayout, value.shape, value.dataSync() as Float32Array)]);
    if (!name.endsWith(".running_var")) continue;
    const counter = name.replace(/running_var$/, "num_batches_tracked");
    tensors.push([counter, { shape: [], data: BigInt64Array.of(BigInt(state.step)) }]);
  }
  return writeSafetensors(tensors, { format: "pt", model: model.name });
}
