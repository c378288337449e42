import { readFileSync } from "node:fs";
import { CheckpointError, DataError } from "../../errors.ts";
import { readSafetensors, type Safetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { VAE } from "../../models/vae.ts";
import type { Variable } from "../../tf.ts";
import { assignTensors, inUse } from "./assign_tensors.ts";
import { parseRunState, type RunState } from "./run_state.ts";
import { isWhole, sealed, UNSEALED } from "./seal.ts";

const FORMAT = "tfjs-vae checkpoint 2";

/** A checkpoint as read from its file, whole by its checksum. */
export interface Checkpoint {
  readonly file: string;
  readonly model: string;
  readonly state: RunState;
  /** Its seal, which no other has. */
  readonly sha256: string;
  readonly tensors: Safetensors["tensors"];
}

/** By phase, what an optimizer's next step depends on, by `SLOT.PARAMETER`. */
export type OptimizerStates = ReadonlyMap<string, { readonly state: ReadonlyMap<string, Variable> }>;

/** Averaged weights by parameter name. */
export interface Averages {
  readonly state: ReadonlyMap<string, Variable>;
}

/** A file that is cut short or changed, where another one may be whole. */
export class DamagedCheckpoint extends CheckpointError {}

/**
 * A training state as bytes of safetensors: `model.NAME`, `optimizer.PHASE.SLOT.NAME`, `ema.NAME` of averaged weights, the
 * rest as metadata.
 */
export function encodeCheckpoint(
  model: string,
  vae: VAE,
  optimizers: OptimizerStates,
  state: RunState,
  average?: Averages,
): Uint8Array {
  const tensors = [...variables(vae, optimizers, average)].map(
    ([name, v]) => [name, { shape: v.shape, data: v.dataSync() as Float32Array }] as const,
  );
  return sealed(
    writeSafetensors(tensors, { ...UNSEALED, format: FORMAT, model, state: JSON.stringify(state) }),
  );
}

/**
 * The checkpoint in `file`.
 *
 * @throws DamagedCheckpoint where it is missing, cut short or changed; CheckpointError where it is another thing.
 */
export function readCheckpoint(file: string): Checkpoint {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    const Kind = ["ENOENT", "EIO"].includes(code) ? DamagedCheckpoint : CheckpointError; // missing, or a bad disk
    throw new Kind(`${file}: can't be read (${code}).`, { cause });
  }
  const { tensors, metadata } = parse(file, bytes);
  const ours = metadata.format === FORMAT;
  if ((ours || metadata.sha256 !== undefined) && !isWhole(bytes)) {
    throw new DamagedCheckpoint(`${file}: its bytes don't fit its checksum; the file is damaged.`);
  }
  if (!ours) {
    throw new CheckpointError(
      `${file}: expected a checkpoint of tfjs-vae (format "${FORMAT}"), got ${metadata.format}.`,
    );
  }
  const state = parseRunState(metadata.state!);
  return { file, model: metadata.model!, state, sha256: metadata.sha256!, tensors };
}

/**
 * Puts the values of a checkpoint, or of its file, into `vae`, and returns where it stood. To train on: with `optimizers`,
 * and `average`, which get theirs. To use it: without, and `vae` gets the averaged weights, where there are such.
 *
 * @throws CheckpointError where the file can't be read, is another model's or its shapes differ.
 */
export function restoreCheckpoint(
  source: Checkpoint | string,
  model: string,
  vae: VAE,
  optimizers?: OptimizerStates,
  average?: Averages,
): RunState {
  const { file, model: found, tensors, state } = typeof source === "string" ? readCheckpoint(source) : source;
  if (found !== model) {
    throw new CheckpointError(
      `${file}: expected a checkpoint of ${model}, got one of ${found}. Use its own config.`,
    );
  }
  const wanted =
    optimizers === undefined
      ? inUse(vae, tensors)
      : [...variables(vae, optimizers, state.averagedFrom === undefined ? undefined : average)];
  assignTensors(file, wanted, tensors);
  return state;
}

function parse(file: string, bytes: Uint8Array): Safetensors {
  try {
    return readSafetensors(bytes, file);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw new DamagedCheckpoint(error.message, { cause: error }); // which names the file
  }
}

function* variables(
  vae: VAE,
  optimizers: OptimizerStates,
  average: Averages | undefined,
): Iterable<[string, Variable]> {
  for (const [name, p] of vae.params) yield [`model.${name}`, p.value];
  for (const [phase, optimizer] of optimizers) {
    for (const [name, v] of optimizer.state) yield [`optimizer.${phase}.${name}`, v];
  }
  for (const [name, v] of average?.state ?? []) yield [`ema.${name}`, v];
}
