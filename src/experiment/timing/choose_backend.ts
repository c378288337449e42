import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import os from "node:os";
import { dirname, join, resolve } from "node:path";
import { type AutoBackend, autoBackends, backendNamed, backendNames } from "../../backends/registry.ts";
import { type BackendInfo, unknownBackend, useBackend } from "../../backends/use_backend.ts";
import type { Config } from "../../config/schema.ts";
import { getDataset } from "../../data/registry.ts";
import { UserError } from "../../errors.ts";
import { writeAtomic } from "../../files/atomic_file.ts";
import { cacheDir } from "../../files/cache_dir.ts";
import { ownVersion } from "../../process/own_version.ts";
import { devicesOf } from "../training/devices.ts";
import { race } from "./race.ts";

/** `--backend` for `auto`, measured anew. */
export const MEASURE = "measure";
/** A run of fewer steps is over before a measurement would have paid. */
const SHORT = 200;

export interface Choosing {
  /** What is to be trained, on one backend: a run's config, or those of an experiment. */
  readonly configs: readonly Config[];
  /** Folder that relative file names in them start from. */
  readonly baseDir: string;
  /** A run that is gone on with; it keeps its backend. */
  readonly trained?: string | undefined;
  /** Takes a sentence for the user. */
  say(text: string): void;
  /** Whether the machine has so much else to do that a measurement is not worth keeping. */
  isBusy?(): boolean;
}

/** Seconds a step by backend, as a file in the cache keeps them. */
interface Kept {
  readonly seconds: Readonly<Record<string, number>>;
  readonly date: string;
}

/**
 * Makes the backend tfjs's own that `--backend` names. `auto`: that of the run that is gone on with; else the fastest of
 * those that are set up for these configs on this machine, as it was once measured, or is now where the run is long
 * enough. `measure`: measured now, whatever was.
 *
 * @throws ConfigError for an unknown name or more devices than there are, EngineError where the backend is missing or does
 * not load
 */
export async function backendFor(name: string, choosing: Choosing): Promise<BackendInfo> {
  const names: readonly string[] = [...backendNames, MEASURE];
  if (!names.includes(name)) throw unknownBackend(name, names);
  const chosen = await chosenBackend(name, choosing);
  for (const config of choosing.configs) devicesOf(config, chosen); // told before anything is prepared
  return chosen;
}

async function chosenBackend(name: string, choosing: Choosing): Promise<BackendInfo> {
  if (name !== "auto" && name !== MEASURE) return useBackend(name);
  const before = choosing.trained === undefined || name === MEASURE ? undefined : trainedOn(choosing.trained);
  const prefer = before ?? (await fastest(name === MEASURE, choosing));
  return useBackend("auto", { say: choosing.say, prefer, advise: before === undefined });
}

/** The backend that a run was trained on last; undefined where nothing tells it. */
export function trainedOn(runDir: string): string | undefined {
  const newest = readdirSync(runDir)
    .filter((name) => /^environment.*\.json$/.test(name))
    .map((name) => read<{ date?: string; backend?: string }>(join(runDir, name)))
    .filter((about) => about?.backend !== undefined)
    .sort((a, b) => (a!.date ?? "").localeCompare(b!.date ?? ""))
    .at(-1);
  return backendNamed(newest?.backend ?? "")?.name;
}

/** The one to prefer; undefined where nothing was measured. */
async function fastest(anew: boolean, choosing: Choosing): Promise<string | undefined> {
  const { configs, baseDir, say } = choosing;
  const there = autoBackends.filter(({ auto }) => auto.isThere());
  // The lightest first, which is in front where two are as fast.
  there.sort((a, b) => a.auto.handicap - b.auto.handicap);
  const [only, ...others] = there.map(({ name }) => name);
  if (others.length === 0) {
    const absent = autoBackends.flatMap(({ name, auto }) => (name === only ? [] : [auto.absent]));
    if (anew) say(`note   backend ${only}: ${absent.join(", ")}, so there is nothing to measure`);
    return only;
  }
  const precisions = configs.map((config) => config.trainer_params.precision);
  const known = there.find(({ auto }) => precisions.some((precision) => auto.isFaster?.(precision)));
  if (known !== undefined) return known.name;
  const total = Object.fromEntries(there.map(({ name }) => [name, 0]));
  let when = "";
  for (const config of configs) {
    const kept = anew ? undefined : keptOf(config, there);
    if (kept === undefined && !anew && stepsAtMost(config) < SHORT) return undefined;
    if (kept === undefined && isMissing(config.data_params.data_path, baseDir)) return undefined; // as the run says
    const found = kept ?? (await measured(config, there, choosing));
    if (typeof found !== "object") return found;
    if (kept !== undefined) when = `, as measured on ${kept.date.slice(0, 10)}`;
    for (const { name } of there) total[name]! += found.seconds[name]! / config.data_params.train_batch_size;
  }
  const chosen = leastOf(there, total);
  const rates = there.map(({ name }) => {
    const images = configs.length / total[name]!;
    return `${name} ${images < 100 ? images.toPrecision(3) : images.toFixed(0)} images/s`;
  });
  say(`note   backend ${chosen}: ${rates.join(", ")}${when} (--backend ${MEASURE}: anew)`);
  return chosen;
}

/** The one that takes the fewest seconds, each times its handicap. */
function leastOf(backends: readonly AutoBackend[], seconds: Kept["seconds"]): string {
  const weighted = ({ name, auto }: AutoBackend) => seconds[name]! * auto.handicap;
  return backends.reduce((least, other) => (weighted(other) < weighted(least) ? other : least)).name;
}

const isMissing = (path: string | undefined, baseDir: string): boolean =>
  path !== undefined && !existsSync(resolve(baseDir, path));

/** A config's seconds a step, which are kept, or the best that could be measured; undefined: none, nor can it train. */
async function measured(
  config: Config,
  there: readonly AutoBackend[],
  { baseDir, say, isBusy = busy }: Choosing,
): Promise<Kept | string | undefined> {
  const names = there.map(({ name }) => name);
  say(`note   backend: measuring whether ${names.join(" or ")} is faster here (--backend NAME spares it)`);
  const disturbed = isBusy();
  const outcome = await race(config, baseDir, names);
  const problems = names.flatMap((name) => {
    const found = outcome[name]!;
    return typeof found === "number" ? [] : [{ name, problem: found.problem }];
  });
  if (problems.length > 0) {
    // What all say is no backend's fault but the config's or its data's, and the run says it.
    const all = problems.length === names.length;
    if (all && new Set(problems.map(({ problem }) => problem)).size === 1) return undefined;
    const left = all ? problems.slice(0, -1) : problems;
    for (const { name, problem } of left)
      say(`note   backend ${name} could not be measured and is left out: ${problem}`);
    const others = there.filter(({ name }) => left.every((one) => one.name !== name));
    return leastOf(others, outcome as Kept["seconds"]);
  }
  const kept = { seconds: outcome as Kept["seconds"], date: new Date().toISOString() };
  if (disturbed) say("note   backend: the machine is busy, so the next run measures again");
  else await keep(fileOf(config, there), kept);
  return kept;
}

/** Whether more wants to run than there are cores. */
const busy = (): boolean => os.loadavg()[0]! > os.availableParallelism();

/** Steps of a run, as far as its config tells: of most data sets it doesn't say how many images they have. */
function stepsAtMost({ trainer_params: trainer, data_params: data }: Config): number {
  const { max_steps = Infinity, max_epochs = Infinity, limit_train_batches = Infinity } = trainer;
  const images = Math.min(
    data.train_limit ?? Infinity,
    getDataset(data.name)?.trainImages?.(data) ?? Infinity,
  );
  const epoch = Math.min(limit_train_batches, Math.ceil(images / data.train_batch_size));
  return Math.min(max_steps, max_epochs * epoch);
}

/** Where the measurement of a config on this machine is kept: by all that a step's duration depends on. */
function fileOf(config: Config, there: readonly AutoBackend[]): string {
  const { model_params, data_params: data, exp_params: exp, trainer_params: trainer } = config;
  const { name, train_batch_size, patch_size, image_range, feature_cache, horizontal_flip } = data;
  const speeds = there.map(({ auto }) => auto.speedDependsOn());
  const state = {
    model_params,
    data: { name, train_batch_size, patch_size, image_range, feature_cache, horizontal_flip },
    optimizers: [exp.optimizer, exp.optimizers],
    trainer: [trainer.compile, trainer.precision, trainer.gradient_clip_val],
    machine: [os.cpus()[0]?.model, os.availableParallelism(), process.arch],
    versions: [ownVersion(), process.versions.node, ...speeds.flatMap(({ versions = [] }) => versions)],
    environment: speeds.flatMap(({ environment }) => Object.entries(environment)).sort(),
  };
  const hash = createHash("sha256").update(JSON.stringify(state)).digest("hex").slice(0, 20);
  return join(cacheDir("speed"), `${hash}.json`);
}

function read<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}

/** What was measured of a config with these backends. */
function keptOf(config: Config, there: readonly AutoBackend[]): Kept | undefined {
  const kept = read<Kept>(fileOf(config, there));
  return there.every(({ name }) => typeof kept?.seconds?.[name] === "number") ? kept : undefined;
}

/** In a cache that can't be written nothing is kept: the next run measures again. */
async function keep(file: string, kept: Kept): Promise<void> {
  try {
    mkdirSync(dirname(file), { recursive: true });
    await writeAtomic(file, `${JSON.stringify(kept)}\n`);
  } catch (error) {
    if (!(error instanceof UserError) && (error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
