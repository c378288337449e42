import { type TensorToStore, writeSafetensors } from "../../formats/safetensors.ts";
import { encodeTorchFile, type TensorToPickle } from "../../formats/torch_writer.ts";
import { toTorch } from "../../nn/torch_layout.ts";
import type { OpenRun } from "./open_trained.ts";

/** A run's parameters as safetensors, in this project's layout (convolutions [k, k, in, out]) and names. */
export function ownWeights({ vae, model, state }: OpenRun): Uint8Array {
  const tensors = [...vae.params].map(
    ([name, { value }]) => [name, { shape: value.shape, data: value.dataSync() as Float32Array }] as const,
  );
  return writeSafetensors(tensors, { model: model.name, step: String(state.step), layout: OWN_LAYOUT });
}

/** What `ownWeights` says of itself. */
export const OWN_LAYOUT = "tfjs-vae";
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
  const own = pytorchVae?.checkpoint;
  const theirs = {
    ...defaults,
    ...pytorchVae?.values,
    ...own,
    decoder_batch_norm_eps: defaults.batch_norm_eps,
  };
  return [...new Set([...UNSEEN, ...Object.keys(own ?? {})])].flatMap((key) => {
    const [ours, their] = [config.model_params[key], theirs[key as keyof typeof theirs]];
    if (ours === undefined || ours === their) return [];
    if (key !== "output") return [`model_params.${key} is ${ours} here, and ${their} in PyTorch-VAE`];
    if (ours === "tanh" || their !== "pytorch_vae") return [];
    const layer = ours === "sigmoid" ? "torch.nn.Sigmoid()" : "torch.nn.Identity()";
    return [
      `the run's decoder ends with ${ours}, PyTorch-VAE's with a tanh, which gives other images: there, put ${layer} in place of its last layer, torch.nn.Tanh()`,
    ];
  });
}

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
