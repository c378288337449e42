import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { BackendInfo } from "../../backends/use_backend.ts";
import { isUnder, leaves } from "../../config/leaves.ts";
import { loadConfig } from "../../config/load.ts";
import { rebasePaths } from "../../config/paths.ts";
import { layeredRegistries } from "../../config/registries.ts";
import { ConfigError, UserError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import { samplerNamed } from "../../samplers/registry.ts";
import { type Evaluation, evaluateRun } from "../evaluation/evaluate_run.ts";
import { newestCheckpoint } from "../runs/checkpoint_files.ts";
import { configFile } from "../runs/config_history.ts";
import { newestRun } from "../runs/find_runs.ts";
import { openNewest } from "../runs/newest_run.ts";
import { runFiles } from "../runs/run_files.ts";
import { fitSamplers } from "../trained/fit_samplers.ts";
import { type OpenRun, openTrained } from "../trained/open_trained.ts";
import { SamplerMismatch } from "../trained/sampler_match.ts";
import { prepare } from "../training/prepare.ts";
import type { Prepared } from "../training/prepared.ts";
import { type TrainResult, train } from "../training/runner.ts";
import type { Experiment } from "./experiment.ts";
import type { Member, Series } from "./members.ts";

/** An evaluation, and by what it was made. */
export interface MemberEvaluation extends Evaluation {
  readonly settings: unknown;
}

/** Folder of a member's run that has a checkpoint; undefined where there is none. */
export const trainedFolder = ({ config }: Member): string | undefined =>
  newestRun(config.logging_params.save_dir, config.logging_params.name!);

/** How far a member is. */
export interface Progress {
  /** Of its run; undefined: there is none with a checkpoint. */
  readonly folder: string | undefined;
  readonly step: number;
  /** Whether nothing is left of it, its last validation included. */
  readonly complete: boolean;
}

/**
 * How far the member's run is.
 *
 * @throws ConfigError where it was trained with other settings than the experiment's
 */
export async function progressOf(series: Series, member: Member): Promise<Progress> {
  const folder = trainedFolder(member);
  if (folder === undefined) return { folder, step: 0, complete: false };
  await checkSettings(series, member);
  return { folder, ...(await placeOf(member, folder)) };
}

/** What the run of a member was trained with, by dotted key, file names absolute; undefined where there is none. */
export async function trainedWith(member: Member): Promise<ReadonlyMap<string, unknown> | undefined> {
  const folder = trainedFolder(member);
  if (folder === undefined) return undefined;
  const loaded = await loadConfig(configFile(folder), { registries: await layeredRegistries() });
  return leaves(rebasePaths(loaded.config, () => loaded.baseDir, "/", loaded));
}

/** Where the run in `folder` is. */
export async function placeOf(
  { config }: Member,
  folder: string,
): Promise<{ readonly step: number; readonly complete: boolean }> {
  const { max_steps = Infinity, max_epochs = Infinity } = config.trainer_params;
  const { checkpoint } = await newestCheckpoint(runFiles(folder).checkpoints);
  const { step, epoch, ended } = checkpoint.state;
  return { step, complete: ended === step && (step >= max_steps || epoch >= max_epochs) };
}

/**
 * Looks whether the member's run, where there is one, has the settings of the experiment, those of `searched` left out.
 *
 * @throws ConfigError where it has not
 */
export async function checkSettings(
  series: Series & Partial<Pick<Experiment, "chosen">>,
  member: Member,
  searched: ReadonlySet<string> = new Set(),
): Promise<void> {
  const found = await trainedWith(member);
  if (found === undefined) return;
  const folder = trainedFolder(member)!;
  const wanted = leaves(rebasePaths(member.config, () => series.baseDir, "/", member));
  const shapes = (key: string) => !key.startsWith("trainer_params.checkpoint."); // what is kept, not what is learned
  const differing = [...new Set([...wanted.keys(), ...found.keys()])].filter(
    (key) => shapes(key) && !isUnder(key, searched) && wanted.get(key) !== found.get(key),
  );
  if (differing.length === 0) return;
  const shown = differing
    .slice(0, 5)
    .map((key) => `  ${key}: there ${found.get(key) ?? "nothing"}, now ${wanted.get(key) ?? "nothing"}`);
  const chosen = [...(series.chosen?.get(member.run)?.keys() ?? [])];
  if (differing.every((key) => isUnder(key, chosen)))
    throw new ConfigError(
      `${folder}: the search chooses now what this run was not trained with:\n${shown.join("\n")}\n` +
        `Remove ${dirname(dirname(folder))} to train ${member.run} anew; the trials stay.`,
    );
  throw new ConfigError(
    `${folder}: expected a run of this experiment's settings, got one of others:\n${shown.join("\n")}\n` +
      `Write to another folder with --out, or remove ${series.out} to begin anew.`,
  );
}

/** Trains a member from where it stands to the experiment's steps, or a signal. */
export async function trainMember(
  { baseDir }: Experiment,
  { config, model, dataset }: Member,
  backend: BackendInfo,
  progress?: (what: string, done: number, total: number) => void,
): Promise<TrainResult> {
  const { save_dir, name } = config.logging_params;
  const newest = await openNewest(save_dir, name!, (text) => console.log(`note   ${text}`));
  let folder = newest.found;
  let prepared: Prepared | undefined;
  try {
    const resume = folder !== undefined;
    prepared = await prepare({
      config,
      baseDir,
      model,
      dataset,
      cacheDir: cacheDir("data"),
      ...(progress && { progress }),
    });
    folder ??= newest.create();
    return await train({ config, baseDir, prepared, folder, backend, resume, quiet: false, brief: true });
  } finally {
    folder?.release();
    newest.release();
    await prepared?.close();
  }
}

/** The evaluation that stands in the member's run; undefined where there is none, or it can't be read. */
export async function savedEvaluation(member: Member): Promise<MemberEvaluation | undefined> {
  const folder = trainedFolder(member);
  if (folder === undefined) return undefined;
  try {
    return JSON.parse(await readFile(runFiles(folder).experimentEvaluation, "utf8")) as MemberEvaluation;
  } catch {
    return undefined;
  }
}

/** Whether an evaluation is of this many steps and by what the experiment says now. */
export const isCurrent = (experiment: Experiment, found: MemberEvaluation | undefined): boolean =>
  found?.step === experiment.steps &&
  JSON.stringify(found.settings) === JSON.stringify(settingsOf(experiment));

/** Fits the experiment's samplers to the last checkpoint of a member, evaluates it and writes that into its run. */
export async function evaluateMember(
  experiment: Experiment,
  member: Member,
  backend: string,
): Promise<MemberEvaluation> {
  const folder = trainedFolder(member)!;
  const run = await openTrained(folder, { backend, checkpoint: "last" });
  try {
    const unfitted: string[] = [];
    for (const name of experiment.samplers) unfitted.push(...(await fitTo(run, name, member.seed)));
    const evaluation = await evaluateRun(run, experiment.options, experiment.metrics, { leaveOut: true });
    const notes = [...evaluation.notes, ...unfitted];
    const whole = { ...evaluation, notes, settings: settingsOf(experiment) };
    await writeAtomic(runFiles(folder).experimentEvaluation, `${JSON.stringify(whole, null, 2)}\n`);
    return whole;
  } finally {
    await run.close();
  }
}

/** Training images that a sampler is fitted to, at most: as many as `vae fit-sampler` takes. */
const FITTED_IMAGES = 10_000;

/** Fits a sampler to a run; nothing where it is not for such a model. Why it could not be fitted, where it is. */
async function fitTo(run: OpenRun, name: string, seed: number): Promise<string[]> {
  const given = new Map([[samplerNamed(name), {}]]);
  try {
    for await (const _ of fitSamplers(run, { maxImages: FITTED_IMAGES, seed, given }));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    if (!(error instanceof SamplerMismatch)) return [error.message];
  }
  return [];
}

/** Raise it where a metric is computed otherwise than before: evaluations of then are made anew. */
const DEFINITIONS = 2;

/** What the metrics depend on besides the run; keys in an order that stands in files. */
function settingsOf({ metrics, samplers, options }: Experiment): unknown {
  const { split, maxImages, draws, seed, networks, lpips } = options;
  const settings = {
    definitions: DEFINITIONS,
    figures: metrics,
    split,
    maxImages,
    draws,
    seed,
    network: networks.length === 1 ? networks[0] : networks, // as it was when there could be one
    ...(samplers.length > 0 && { samplers }),
    ...(lpips && { lpips: { ...lpips, baseDir: undefined } }),
  };
  return JSON.parse(JSON.stringify(settings));
}
