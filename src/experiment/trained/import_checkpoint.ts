import { existsSync } from "node:fs";
import { mkdir, readdir, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { dumpConfig } from "../../config/dump.ts";
import type { Config } from "../../config/schema.ts";
import { openDataset } from "../../data/registry.ts";
import { CheckpointError, ConfigError } from "../../errors.ts";
import { writeAtomic, writeProblem } from "../../files/atomic_file.ts";
import { ownMark, temporarily } from "../../files/temporary.ts";
import type { VAE } from "../../models/vae.ts";
import type { TorchLayout } from "../../nn/params.ts";
import { fromTorch } from "../../nn/torch_layout.ts";
import { Rng } from "../../rng.ts";
import { tf } from "../../tf.ts";
import { encodeCheckpoint } from "../runs/checkpoint.ts";
import { BEST, LAST, runFiles } from "../runs/run_files.ts";
import { newRunState } from "../runs/run_state.ts";
import { optimizersOf } from "../training/optimizers.ts";
import { buildModel, type Definitions } from "../training/prepare.ts";
import { foreignWeights } from "./foreign_weights.ts";
import { type IgnoredKinds, ignoredKinds, leftText } from "./ignored_entries.ts";
import { ownNames } from "./own_names.ts";
import { readState, type Stored, type StoredState } from "./read_state.ts";

export interface ImportArgs extends Definitions {
  /** A state_dict (.pt, .pth, .safetensors) or Lightning's .ckpt; with `state`, what it is called in messages. */
  readonly file: string;
  /** Of another program than PyTorch-VAE, read already. */
  readonly state?: StoredState;
  readonly config: Config;
  /** Folder that relative file names in `config` start from. */
  readonly baseDir: string;
  readonly cacheDir: string;
  /** Folder of the run to make; it must not be there, or be empty. */
  readonly out: string;
}

export interface Imported {
  /** How many entries nobody needs were left, and what they are: a sentence; undefined where there were none. */
  readonly left: string | undefined;
  /** What was taken and what was left of the file otherwise, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Makes a run, at step 0, of a PyTorch-VAE checkpoint: `config.yaml` and checkpoints that every command on a run takes
 * and that training goes on from, with the optimizer's state at its beginning.
 *
 * @throws CheckpointError where tensors are missing, unknown or of another shape; ConfigError where `out` is taken
 */
export async function importCheckpoint(args: ImportArgs): Promise<Imported> {
  const { file, config, baseDir, out } = args;
  await checkFree(out);
  const { tensors, notes: read } = args.state ?? (await readState(file));
  const seed = config.exp_params.manual_seed;
  const dataset = () =>
    openDataset(config.data_params, { baseDir, cacheDir: args.cacheDir, seed }, args.dataset);
  const { model, vae } = await buildModel({
    config,
    baseDir,
    rng: Rng.fromSeed(seed),
    definitions: args,
    dataset,
  });
  const { stored, notes: named } = ownNames(tensors, [...vae.params.keys()]);
  const kinds = ignoredKinds(model);
  const { lacking } = model.pytorchVae ?? {};
  const ignored = fill(vae, stored, file, {
    whose: `${args.state ? "" : "PyTorch-VAE's "}${model.name}`,
    kinds,
    lacking: lacking?.prefix,
  });
  const bytes = encodeCheckpoint(model.name, vae, optimizersOf(vae, config), newRunState());
  const about = {
    date: new Date().toISOString(),
    imported_from: args.state ? file : resolve(file),
    command: process.argv.slice(2),
  };
  const made = `${resolve(out)}.tmp-${ownMark()}`; // renamed when it is whole
  await temporarily(made, async () => {
    try {
      const { checkpoints, config: configFile, environment } = runFiles(made);
      await mkdir(checkpoints, { recursive: true });
      await writeAtomic(configFile, dumpConfig(config, { from: baseDir, to: resolve(out) }));
      await writeAtomic(environment, `${JSON.stringify(about, null, 2)}\n`);
      for (const name of [LAST, BEST]) await writeAtomic(join(checkpoints, name), bytes);
      await rename(made, out); // in the place of an empty folder, too
    } catch (error) {
      throw writeProblem(out, error);
    }
  });
  const begun = lacking ? [`${lacking.what}: not in the file, it is as before training`] : [];
  return { left: leftText(ignored, kinds), notes: [...read, ...named, ...begun] };
}

async function checkFree(out: string): Promise<void> {
  const held = existsSync(out) ? await readdir(out).catch(() => ["a file"]) : [];
  if (held.length > 0)
    throw new ConfigError(
      `--out: expected a new folder for the run, got "${out}", which is there already. Name another.`,
    );
}

/** Of each kind of what doesn't fit. */
const SHOWN = 3;

/** Gives each parameter its stored value, but those it may lack; returns the entries that nobody needs, all of its `kinds`. */
function fill(
  vae: VAE,
  stored: ReadonlyMap<string, Stored>,
  file: string,
  model: { readonly whose: string; readonly kinds: IgnoredKinds; readonly lacking: string | undefined },
): string[] {
  const others = [...stored.keys()].filter((name) => !vae.params.has(name));
  const wrong: string[] = [];
  const missing: string[] = [];
  const notFinite: string[] = [];
  for (const [name, { value, torchLayout, fitted }] of vae.params) {
    if (fitted) continue;
    const tensor = stored.get(name);
    if (tensor === undefined && model.lacking !== undefined && name.startsWith(model.lacking)) continue;
    const expected = torchShape(value.shape, torchLayout);
    if (tensor === undefined) missing.push(`${name}: expected [${expected}], got none of this name`);
    else if (String(tensor.shape) !== String(expected))
      wrong.push(`${name}: expected [${expected}], got [${tensor.shape}]`);
    else if (tensor.data instanceof BigInt64Array)
      wrong.push(`${name}: expected floating-point numbers, got int64`);
    else {
      const ours = fromTorch(torchLayout, tensor.shape, Float32Array.from(tensor.data));
      if (!ours.data.every(Number.isFinite)) notFinite.push(name);
      tf.tidy(() => value.assign(tf.tensor(ours.data, ours.shape)));
    }
  }
  const unknown = others
    .filter((name) => !model.kinds.some(([, isOfKind]) => isOfKind(name)))
    .map((name) => `${name}: not in the model of the config, got [${stored.get(name)!.shape}]`);
  const problems = [wrong, missing, unknown];
  const all = problems.flat().length;
  if (all === 0 && notFinite.length > 0)
    throw new CheckpointError(
      `${file}: expected finite numbers, got others in ${notFinite.slice(0, SHOWN).join(", ")}${notFinite.length > SHOWN ? ` and ${notFinite.length - SHOWN} more tensors` : ""}: the model has diverged. Take an earlier checkpoint.`,
    );
  if (all === 0) return others;
  const foreign = foreignWeights([...stored.keys()]);
  if (foreign !== undefined && missing.length > vae.params.size / 2) {
    throw new CheckpointError(
      `${file}: expected a checkpoint of ${model.whose}, got weights of another model, ${foreign.what} ` +
        `("${foreign.name}"). ${foreign.remedy}`,
    );
  }
  const shown = problems.flatMap((kind) => kind.slice(0, SHOWN));
  throw new CheckpointError(
    `${file}: expected a checkpoint of the config's model, ${all} tensors don't fit (other model, ` +
      `latent_dim, hidden_dims or patch_size?). Change the config.\n  ${shown.join("\n  ")}${
        all > shown.length ? `\n  and ${all - shown.length} more` : ""
      }`,
  );
}

/** The shape that PyTorch gives a parameter which is of `shape` here. */
function torchShape(shape: readonly number[], layout: TorchLayout): readonly number[] {
  if (layout === "same") return shape;
  return layout === "OI" ? [shape[1]!, shape[0]!] : [shape[3]!, shape[2]!, shape[0]!, shape[1]!];
}
