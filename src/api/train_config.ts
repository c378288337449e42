import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BackendInfo, useBackend } from "../backends/use_backend.ts";
import type { LoadedConfig } from "../config/load.ts";
import { ConfigError } from "../errors.ts";
import { configFile } from "../experiment/runs/config_history.ts";
import { openNewest } from "../experiment/runs/newest_run.ts";
import { checkIsRun, createRun, openRunFolder, type RunFolder } from "../experiment/runs/run_folder.ts";
import { backendFor } from "../experiment/timing/choose_backend.ts";
import type { Callback } from "../experiment/training/callbacks.ts";
import { checkShares } from "../experiment/training/devices.ts";
import { prepare } from "../experiment/training/prepare.ts";
import type { Prepared } from "../experiment/training/prepared.ts";
import { type TrainResult as Ended, train } from "../experiment/training/runner.ts";
import { cacheDir } from "../files/cache_dir.ts";
import { temporarily } from "../files/temporary.ts";
import type { Place } from "../process/place.ts";
import { nowhere } from "../text/nowhere.ts";
import { progressTo } from "../text/progress.ts";

/** How a config is trained. */
export interface HowToTrain {
  /** As `--backend` takes it. */
  readonly backend: string;
  /** Folder of a run to go on with; `auto`: the newest of the config's name, else a new one. */
  readonly resume?: string | undefined;
  /** Where it is said what is going on. */
  readonly out: NodeJS.WriteStream;
  /** Say only what is needed. */
  readonly quiet: boolean;
  readonly callbacks?: readonly Callback[] | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly handleSignals?: boolean | undefined;
  /** Optimizer steps at which it stops before its end, validated and saved. */
  readonly until?: number | undefined;
  /** This process's place among several that train together. */
  readonly place?: Place | undefined;
  /** Folder of packed data; left out: the user's. */
  readonly dataCache?: string | undefined;
}

/** What has come of it, and the run's folder. */
export interface TrainedConfig extends Ended {
  readonly run: string;
}

/**
 * All of `vae run`: chooses the backend, prepares, trains in the run's folder and lets go of everything. Of several
 * processes that train together the first does what one does; the others take part and leave nothing.
 *
 * @throws UserError as the steps on the way do, `signal.reason` where it is aborted before the first of training
 */
export async function trainConfig(loaded: LoadedConfig, how: HowToTrain): Promise<TrainedConfig> {
  return (how.place?.rank ?? 0) === 0 ? trainFirst(loaded, how) : trainBeside(loaded, how);
}

async function trainFirst(loaded: LoadedConfig, how: HowToTrain): Promise<TrainedConfig> {
  const { config } = loaded;
  const { out, quiet, resume: wanted } = how;
  const tell = (text: string) => void out.write(`${text}\n`);
  const say = (text: string) => void (quiet || tell(text));
  for (const note of loaded.notes) say(`note   ${note}`);
  const { save_dir, name = config.model_params.name } = config.logging_params;
  const note = (text: string) => tell(`note   ${text}`);
  const newest = wanted === "auto" ? await openNewest(save_dir, name, note) : undefined;
  let run = newest?.found;
  try {
    if (newest === undefined && wanted !== undefined) run = await openRunFolder(wanted, note);
    if (run === undefined && wanted !== undefined)
      say(`note   no run of ${name} with a checkpoint in ${save_dir}: a new one starts`);
    const backend = await backendOf(loaded, how, run?.path, say);
    const folder = () => run ?? newest?.create() ?? createRun(save_dir, name);
    return await trainOn(backend, loaded, { ...how, resumes: run !== undefined, folder });
  } finally {
    run?.release();
    newest?.release();
  }
}

/** In a folder of its own, which is gone at the end. */
async function trainBeside(loaded: LoadedConfig, how: HowToTrain): Promise<TrainedConfig> {
  const { config } = loaded;
  const logging_params = { ...config.logging_params, loggers: [] };
  const beside = { ...loaded, config: { ...config, logging_params } };
  const place = mkdtempSync(join(tmpdir(), "tfjs-vae-rank-"));
  return temporarily(place, async () => {
    const backend = await backendOf(loaded, how, undefined, () => {});
    const silent = { ...how, quiet: true, out: nowhere() };
    return await trainOn(backend, beside, {
      ...silent,
      resumes: false,
      folder: () => createRun(place, "rank"),
    });
  });
}

async function backendOf(
  { config, baseDir }: LoadedConfig,
  { backend, place }: HowToTrain,
  trained: string | undefined,
  say: (text: string) => void,
): Promise<BackendInfo> {
  if (place === undefined) return backendFor(backend, { configs: [config], baseDir, trained, say });
  if (backend !== "auto" && backend !== "tensorflow")
    throw new ConfigError(
      `--backend: expected tensorflow, by which several processes train together, got "${backend}". Leave it out.`,
    );
  checkShares(config, place.nodes.length); // told before it is waited for others
  return useBackend("tensorflow", { place, say });
}

interface Where {
  readonly resumes: boolean;
  folder(): RunFolder;
}

async function trainOn(
  backend: BackendInfo,
  loaded: LoadedConfig,
  how: HowToTrain & Where,
): Promise<TrainedConfig> {
  const { config, baseDir } = loaded;
  const { out, quiet, signal, callbacks, handleSignals, until, resumes: resume } = how;
  let prepared: Prepared | undefined;
  let run: RunFolder | undefined;
  try {
    signal?.throwIfAborted();
    prepared = await prepare({
      ...loaded,
      cacheDir: how.dataCache ?? cacheDir("data"),
      ranks: backend.ranks,
      ...(!quiet && { progress: progressTo(out) }),
    });
    signal?.throwIfAborted();
    run = how.folder();
    const outside = { callbacks, signal, handleSignals, until };
    const ended = await train({
      config,
      baseDir,
      prepared,
      folder: run,
      backend,
      resume,
      quiet,
      brief: (backend.ranks?.rank ?? 0) > 0,
      out,
      ...outside,
    });
    return { ...ended, run: run.path };
  } finally {
    run?.release();
    await prepared?.close();
  }
}

/** The file of the config that the run at `path` was trained with last. @throws ConfigError where there is none */
export function configOfRun(path: string): string {
  checkIsRun(path);
  const own = configFile(path);
  if (existsSync(own)) return own;
  throw new ConfigError(
    `--resume: expected config.yaml in the run "${path}", got none. Give --config FILE too, or another folder.`,
  );
}
