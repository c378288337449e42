import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { CheckpointError, UserError } from "../../errors.ts";
import { densityImages } from "../../explore/density_images.ts";
import type { LatentLayout } from "../../explore/latents.ts";
import { makeFolders, writeAtomic } from "../../files/atomic_file.ts";
import { readSafetensors, writeSafetensors } from "../../formats/safetensors.ts";
import type { VAE } from "../../models/vae.ts";
import type { Param } from "../../nn/params.ts";
import type { DrawImages, SamplerDefinition, State, StateTensor } from "../../samplers/define.ts";
import { restore, stateOf } from "../../samplers/minimize.ts";
import { samplers } from "../../samplers/registry.ts";
import { shellWord } from "../../text/shell.ts";
import { runFiles } from "../runs/run_files.ts";
import { isWhole, sealed, UNSEALED } from "../runs/seal.ts";
import type { OpenRun } from "./open_trained.ts";
import { checkMatch } from "./sampler_match.ts";

const FORMAT = "tfjs-vae sampler 1";

/** What a file of a sampler says besides its tensors. */
export interface FitRecord {
  readonly sampler: string;
  /** All of its options, defaults too. */
  readonly options: Readonly<Record<string, number>>;
  readonly seed: number;
  /** Training images that it was fitted to, those held out counted. */
  readonly images: number;
  /** The checkpoint whose z it was fitted to. */
  readonly checkpoint: { readonly file: string; readonly step: number; readonly sha256: string };
  /** How z lies in a vector; absent where the model draws. */
  readonly layout?: LatentLayout;
  /** Of a sampler of grids of codes: their shape, and the codes that there are. */
  readonly grid?: { readonly shape: readonly [number, number]; readonly values: number };
  /** Numbers of the fit, by name. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** A sampler that is ready to draw. */
export interface OpenSampler {
  readonly name: string;
  /** Undefined: the model's own prior. */
  readonly draw: DrawImages | undefined;
  dispose(): void;
}

type Run = Pick<OpenRun, "runDir" | "checkpoint" | "checkpointSha256" | "state" | "model" | "vae">;

/** The file that a run's sampler is kept in. */
const samplerFile = (runDir: string, name: string): string =>
  join(runFiles(runDir).samplers, `${name}.safetensors`);

/** Writes what was fitted, in place of an earlier fit of this sampler; returns the file's name. */
export async function writeSampler(runDir: string, state: State, record: FitRecord): Promise<string> {
  const file = samplerFile(runDir, record.sampler);
  await makeFolders(runFiles(runDir).samplers);
  const metadata = { ...UNSEALED, format: FORMAT, record: JSON.stringify(record) };
  await writeAtomic(file, sealed(writeSafetensors(state, metadata)));
  return file;
}

/**
 * The run's sampler.
 *
 * @throws UserError where it was not fitted, SamplerMismatch where it can't be; CheckpointError where it is damaged, or
 *   another checkpoint's
 */
export function openSampler(run: Run, definition: SamplerDefinition): OpenSampler {
  const { name } = definition;
  if (definition.kind === "own") return { name, draw: undefined, dispose() {} };
  const file = samplerFile(run.runDir, name);
  const remedy = refit(run.runDir, name);
  if (!existsSync(file)) {
    checkMatch(run, definition); // else a fit would be advised that is refused
    throw new UserError(
      `--sampler ${name}: expected it to be fitted to ${run.runDir}, got none. Fit it: ${remedy}`,
    );
  }
  const { record, state } = readSampler(file, remedy);
  const { checkpoint } = record;
  if (checkpoint.sha256 !== run.checkpointSha256)
    throw new CheckpointError(
      `${file}: expected a sampler of ${basename(run.checkpoint)} (step ${run.state.step}), got one that was fitted to ` +
        `another checkpoint, ${checkpoint.file} of step ${checkpoint.step}. Fit it anew: ${remedy} --checkpoint ` +
        `${basename(run.checkpoint)}`,
    );
  if (!("open" in definition)) return { name, draw: withValues(run.vae, state), dispose() {} };
  if (definition.kind === "grid") {
    const { vae } = run;
    const density = definition.open(state, record.grid!, record.options as never);
    const draw: DrawImages = (count, ctx) =>
      vae.decode(vae.codes!.lookUp(density.sample(count, ctx.rng.fold("sampler"))), ctx);
    return { name, draw, dispose: () => density.dispose() };
  }
  const layout = record.layout!;
  const density = definition.open(state, layout.size, record.options as never);
  return { name, draw: densityImages(run.vae, layout, density), dispose: () => density.dispose() };
}

/** The samplers that were fitted to a run, whatever to which of its checkpoints. */
export const fittedSamplers = (runDir: string): SamplerDefinition[] =>
  samplers.filter(({ name }) => existsSync(samplerFile(runDir, name)));

/** What was fitted to the checkpoint that the run is open at. @throws CheckpointError where a file is damaged */
export const fittedStates = (run: Pick<Run, "runDir" | "checkpointSha256">) =>
  fittedSamplers(run.runDir)
    .map(({ name }) => readSampler(samplerFile(run.runDir, name), refit(run.runDir, name)))
    .filter(({ record }) => record.checkpoint.sha256 === run.checkpointSha256);

const refit = (runDir: string, name: string): string =>
  `vae fit-sampler ${shellWord(runDir)} --sampler ${name}`;

function readSampler(file: string, remedy: string): { record: FitRecord; state: State } {
  const damaged = (why: string) => new CheckpointError(`${file}: ${why}. Fit it anew: ${remedy}`);
  const bytes = readFileSync(file);
  if (!isWhole(bytes)) throw damaged("its bytes don't fit its checksum; the file is damaged");
  const { tensors, metadata } = readSafetensors(bytes, file);
  if (metadata.format !== FORMAT)
    throw damaged(`expected a sampler (format "${FORMAT}"), got ${metadata.format}`);
  return {
    record: JSON.parse(metadata.record!) as FitRecord,
    state: tensors as ReadonlyMap<string, StateTensor>,
  };
}

/** The model's own samples with its fitted prior's parameters of other values, which are put back after each draw. */
function withValues(vae: VAE, state: State): DrawImages {
  const params = priorParams(vae);
  return (count, ctx) => {
    const before = stateOf(params);
    restore(params, state);
    try {
      return vae.sample!(count, ctx);
    } finally {
      restore(params, before);
    }
  };
}

/** The parameters that `VAE.fitPrior` sets, by name. */
export const priorParams = (vae: VAE): ReadonlyMap<string, Param> =>
  new Map([...vae.params].filter(([, { fitted }]) => fitted));
