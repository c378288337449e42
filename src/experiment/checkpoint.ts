import { CheckpointError } from "../errors.ts";
import { readSafetensors, type Safetensors, writeSafetensors } from "../formats/safetensors.ts";
import type { VAE } from "../models/vae.ts";
import { tf, type Variable } from "../tf.ts";
import type { Optimizer } from "./optimizers.ts";

/** Where training stands; with parameters and optimizer state all that the next step depends on. */
export interface RunState {
  /** Optimizer steps done. */
  step: number;
  /** Whole epochs done. */
  epoch: number;
  /** Batches done in the epoch under way. */
  batch: number;
  /** Best value so far of the monitored metric. */
  best: number | undefined;
}

const FORMAT = "tfjs-vae checkpoint 1";

/** A training state as bytes of safetensors: `model.NAME`, `optimizer.PHASE.SLOT.NAME`, the rest as metadata. */
export function encodeCheckpoint(
  model: string,
  vae: VAE,
  optimizers: ReadonlyMap<string, Optimizer>,
  state: RunState,
): Uint8Array {
  const tensors = [...variables(vae, optimizers)].map(
    ([name, v]) => [name, { shape: v.shape, data: v.dataSync() as Float32Array }] as const,
  );
  return writeSafetensors(tensors, { format: FORMAT, model, state: JSON.stringify(state) });
}

/**
 * Puts a checkpoint's values into `vae` and, where given, `optimizers`, and returns where it stood.
 *
 * @throws CheckpointError where the file can't be read, is another model's or its shapes differ.
 */
export function restoreCheckpoint(
  file: string,
  model: string,
  vae: VAE,
  optimizers: ReadonlyMap<string, Optimizer> = new Map(),
): RunState {
  const { tensors, metadata } = open(file);
  if (metadata.format !== FORMAT || metadata.state === undefined) {
    throw new CheckpointError(
      `${file}: expected a checkpoint of tfjs-vae (format "${FORMAT}"), got ${metadata.format}.`,
    );
  }
  if (metadata.model !== model) {
    throw new CheckpointError(
      `${file}: expected a checkpoint of ${model}, got one of ${metadata.model}. Use its own config.`,
    );
  }
  const wanted = [...variables(vae, optimizers)];
  const wrong = wanted.flatMap(([name, v]) => {
    const got = tensors.get(name)?.shape;
    return String(got) === String(v.shape)
      ? []
      : [`${name}: expected [${v.shape}], got ${got ? `[${got}]` : "none"}`];
  });
  if (wrong.length > 0) {
    const shown = wrong.slice(0, 5).join("\n  ");
    throw new CheckpointError(
      `${file}: ${wrong.length} tensors don't fit the model of the config (other latent_dim, hidden_dims, patch_size ` +
        `or optimizer?). Use the run's own config.yaml.\n  ${shown}${wrong.length > 5 ? "\n  …" : ""}`,
    );
  }
  for (const [name, v] of wanted) {
    const { data, shape } = tensors.get(name)!;
    tf.tidy(() => v.assign(tf.tensor(data as Float32Array, [...shape], "float32")));
  }
  return JSON.parse(metadata.state) as RunState;
}

function open(file: string): Safetensors {
  try {
    return readSafetensors(file);
  } catch (error) {
    throw new CheckpointError((error as Error).message, { cause: error }); // which names the file
  }
}

function* variables(vae: VAE, optimizers: ReadonlyMap<string, Optimizer>): Iterable<[string, Variable]> {
  for (const [name, p] of vae.params) yield [`model.${name}`, p.value];
  for (const [phase, optimizer] of optimizers) {
    for (const [name, v] of optimizer.state) yield [`optimizer.${phase}.${name}`, v];
  }
}
