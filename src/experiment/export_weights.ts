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

/** Parameters that no tensor shows, so that `load_state_dict` takes the weights whatever they are. */
const UNSEEN = ["output", "leaky_slope", "batch_norm_eps", "decoder_batch_norm_eps"];

/**
 * Where PyTorch-VAE's model computes otherwise than the run's, with the same weights: a sentence each. `tanh` is its
 * own last layer, against images in another range.
 */
export function torchDifferences({ model, config }: Pick<OpenRun, "model" | "config">): string[] {
  const { params, pytorchVae } = model;
  const defaults: Record<string, unknown> = Object.fromEntries(
    Object.entries(params.properties).map(([key, schema]) => [
      key,
      (schema as { default?: unknown }).default,
    ]),
  );
  const theirs = { ...defaults, ...pytorchVae?.values, decoder_batch_norm_eps: defaults.batch_norm_eps };
  return UNSEEN.flatMap((key) => {
    const [own, their] = [config.model_params[key], theirs[key as keyof typeof theirs]];
    if (own === undefined || own === their) return [];
    if (key !== "output") return [`model_params.${key} is ${own} here, and ${their} in PyTorch-VAE`];
    if (own === "tanh" || their !== "pytorch_vae") return [];
    const layer = own === "sigmoid" ? "torch.nn.Sigmoid()" : "torch.nn.Identity()";
    return [
      `the run's decoder ends with ${own}, PyTorch-VAE's with a tanh, which gives other images: there, put ${layer} in place of its last layer, torch.nn.Tanh()`,
    ];
  });
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
