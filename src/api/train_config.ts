import { existsSync } from "node:fs";
import type { LoadedConfig } from "../config/load.ts";
import { ConfigError } from "../errors.ts";
import { configFile } from "../experiment/runs/config_history.ts";
import { openNewest } from "../experiment/runs/newest_run.ts";
import { checkIsRun, createRun, openRunFolder } from "../experiment/runs/run_folder.ts";
import { backendFor } from "../experiment/timing/choose_backend.ts";
import type { Callback } from "../experiment/training/callbacks.ts";
import { prepare } from "../experiment/training/prepare.ts";
import type { Prepared } from "../experiment/training/prepared.ts";
import { type TrainResult as Ended, train } from "../experiment/training/runner.ts";
import { cacheDir } from "../files/cache_dir.ts";
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
  /** Folder of packed data; left out: the user's. */
  readonly dataCache?: string | undefined;
}

/** What has come of it, and the run's folder. */
export interface TrainedConfig extends Ended {
  readonly run: string;
}

/**
 * All of `vae run`: chooses the backend, prepares, trains in the run's folder and lets go of everything.
 *
 * @throws UserError as the steps on the way do, `signal.reason` where it is aborted before the first of training
 */
export async function trainConfig(loaded: LoadedConfig, how: HowToTrain): Promise<TrainedConfig> {
  const { config, baseDir } = loaded;
  const { out, quiet, signal, resume: wanted } = how;
  const tell = (text: string) => void out.write(`${text}\n`);
  const say = (text: string) => void (quiet || tell(text));
  for (const note of loaded.notes) say(`note   ${note}`);
  const { save_dir, name = config.model_params.name } = config.logging_params;
  const note = (text: string) => tell(`note   ${text}`);
  const newest = wanted === "auto" ? await openNewest(save_dir, name, note) : undefined;
  let run = newest?.found;
  let prepared: Prepared | undefined;
  try {
    if (newest === undefined && wanted !== undefined) run = await openRunFolder(wanted, note);
    const resume = run !== undefined;
    const resumed = run?.path;
    if (!resume && wanted !== undefined)
      say(`note   no run of ${name} with a checkpoint in ${save_dir}: a new one starts`);
    const backend = await backendFor(how.backend, { configs: [config], baseDir, trained: resumed, say });
    signal?.throwIfAborted();
    prepared = await prepare({
      ...loaded,
      cacheDir: how.dataCache ?? cacheDir("data"),
      ...(!quiet && { progress: progressTo(out) }),
    });
    signal?.throwIfAborted();
    run ??= newest?.create() ?? createRun(save_dir, name);
    const { callbacks, handleSignals, until } = how;
    const outside = { callbacks, signal, handleSignals, until };
    const ended = await train({
      config,
      baseDir,
      prepared,
      folder: run,
      backend,
      resume,
      quiet,
      out,
      ...outside,
    });
    return { ...ended, run: run.path };
  } finally {
    run?.release();
    newest?.release();
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
