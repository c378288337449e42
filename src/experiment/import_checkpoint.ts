import { existsSync } from "node:fs";
import { mkdir, readdir, rename } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { writeAtomic, writeProblem } from "../atomic_file.ts";
import { dumpConfig } from "../config/dump.ts";
import type { Config } from "../config/schema.ts";
import { openDataset } from "../data/index.ts";
import { CheckpointError, ConfigError } from "../errors.ts";
import { readSafetensors } from "../formats/safetensors.ts";
import { readTorchFile } from "../formats/torch_file.ts";
import type { VAE } from "../models/vae.ts";
import type { TorchLayout } from "../nn/params.ts";
import { fromTorch } from "../nn/torch_layout.ts";
import { ownMark, temporarily } from "../process/temporary.ts";
import { Rng } from "../rng.ts";
import { tf } from "../tf.ts";
import { encodeCheckpoint } from "./checkpoint.ts";
import { BEST, LAST } from "./checkpoint_files.ts";
import { buildModel, optimizersOf } from "./prepare.ts";
import { newRunState } from "./run_state.ts";

export interface ImportArgs {
  /** A state_dict (.pt, .pth, .safetensors) or Lightning's .ckpt. */
  readonly file: string;
  readonly config: Config;
  /** Folder that relative file names in `config` start from. */
  readonly baseDir: string;
  readonly cacheDir: string;
  /** Folder of the run to make; it must not be there, or be empty. */
  readonly out: string;
}

interface Stored {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number> | BigInt64Array;
}

/**
 * Makes a run, at step 0, of a PyTorch-VAE checkpoint: `config.yaml` and checkpoints that every command on a run takes
 * and that training goes on from, with the optimizer's state at its beginning. Returns the names in the file that
 * the model doesn't have and that were left: batch norm's counters and DFCVAE's stored classifier.
 *
 * @throws CheckpointError where tensors are missing, unknown or of another shape; ConfigError where `out` is taken
 */
export async function importCheckpoint(args: ImportArgs): Promise<{ ignored: number }> {
  const { file, config, baseDir, out } = args;
  await checkFree(out);
  const stored = withoutPrefix(await readState(file));
  const seed = config.exp_params.manual_seed;
  const dataset = () => openDataset(config.data_params, { baseDir, cacheDir: args.cacheDir, seed });
  const { model, vae } = await buildModel({ config, baseDir, rng: Rng.fromSeed(seed), dataset });
  const ignored = fill(vae, stored, file);
  const bytes = encodeCheckpoint(model.name, vae, optimizersOf(vae, config), newRunState());
  const about = {
    date: new Date().toISOString(),
    imported_from: resolve(file),
    command: process.argv.slice(2),
  };
  const made = `${resolve(out)}.tmp-${ownMark()}`; // renamed when it is whole
  await temporarily(made, async () => {
    try {
      for (const folder of ["checkpoints", "Samples", "Reconstructions"])
        await mkdir(join(made, folder), { recursive: true });
      await writeAtomic(join(made, "config.yaml"), dumpConfig(config, { from: baseDir, to: resolve(out) }));
      await writeAtomic(join(made, "environment.json"), `${JSON.stringify(about, null, 2)}\n`);
      for (const name of [LAST, BEST]) await writeAtomic(join(made, "checkpoints", name), bytes);
      await rename(made, out); // in the place of an empty folder, too
    } catch (error) {
      throw writeProblem(out, error);
    }
  });
  return { ignored };
}

async function checkFree(out: string): Promise<void> {
  const held = existsSync(out) ? await readdir(out).catch(() => ["a file"]) : [];
  if (held.length > 0)
    throw new ConfigError(
      `--out: expected a new folder for the run, got "${out}", which is there already. Name another.`,
    );
}

async function readState(file: string): Promise<ReadonlyMap<string, Stored>> {
  if (!existsSync(file))
    throw new CheckpointError(`${file}: expected a checkpoint of PyTorch-VAE, got nothing there.`);
  return (extname(file) === ".safetensors" ? readSafetensors(file) : await readTorchFile(file)).tensors;
}

/** Lightning's `model.` taken off the names. */
function withoutPrefix(stored: ReadonlyMap<string, Stored>): Map<string, Stored> {
  const prefixed = [...stored.keys()].some((name) => name.startsWith("model."));
  const own = [...stored].filter(([name]) => !prefixed || name.startsWith("model."));
  return new Map(own.map(([name, tensor]) => [prefixed ? name.slice("model.".length) : name, tensor]));
}

/** What PyTorch-VAE stores besides a model's parameters: batch norm's counters and DFCVAE's frozen classifier. */
const IGNORED = /(^|\.)num_batches_tracked$|^feature_network\./;

/** Gives each parameter its stored value; returns how many entries nobody needs. */
function fill(vae: VAE, stored: ReadonlyMap<string, Stored>, file: string): number {
  const others = [...stored.keys()].filter((name) => !vae.params.has(name));
  const unknown = others.filter((name) => !IGNORED.test(name));
  const problems = unknown.map((name) => `${name}: not in the model of the config`);
  for (const [name, { value, torchLayout, fitted }] of vae.params) {
    if (fitted) continue;
    const tensor = stored.get(name);
    if (tensor === undefined) {
      problems.push(`${name}: missing in the file`);
      continue;
    }
    const expected = torchShape(value.shape, torchLayout);
    if (String(tensor.shape) !== String(expected)) {
      problems.push(`${name}: expected [${expected}], got [${tensor.shape}]`);
      continue;
    }
    const ours = fromTorch(torchLayout, tensor.shape, Float32Array.from(tensor.data as ArrayLike<number>));
    tf.tidy(() => value.assign(tf.tensor(ours.data, ours.shape)));
  }
  if (problems.length === 0) return others.length;
  throw new CheckpointError(
    `${file}: expected a checkpoint of the config's model, ${problems.length} tensors don't fit (other model, ` +
      `latent_dim, hidden_dims or patch_size?). Change the config.\n  ${problems.slice(0, 5).join("\n  ")}${
        problems.length > 5 ? "\n  …" : ""
      }`,
  );
}

/** The shape that PyTorch gives a parameter which is of `shape` here. */
function torchShape(shape: readonly number[], layout: TorchLayout): readonly number[] {
  if (layout === "same") return shape;
  return layout === "OI" ? [shape[1]!, shape[0]!] : [shape[3]!, shape[2]!, shape[0]!, shape[1]!];
}
