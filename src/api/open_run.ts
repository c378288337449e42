import type { BackendName } from "../backends/registry.ts";
import { openTrained } from "../experiment/trained/open_trained.ts";
import { cachePlace } from "../files/cache_dir.ts";
import { checked, checkedOptions, flag, listOf, text } from "./checked.ts";
import { Run } from "./run.ts";
import { silence } from "./silence.ts";

/** How a run is opened. */
export interface OpenRunOptions {
  /** `best` (the default where there is one), `last`, or a file. */
  readonly checkpoint?: string | undefined;
  /** What computes. Default: `auto`, what the run was trained on. A process computes on one backend, the last that was named. */
  readonly backend?: BackendName | (string & {}) | undefined;
  /** Values laid over the run's config, as `--set` takes them: `data_params.data_path=path/to/others`. */
  readonly set?: readonly string[] | undefined;
  /** Prints nothing at all. Default: false; notes go to standard error. */
  readonly quiet?: boolean | undefined;
  /** Folder of packed data. Default: the user's cache. */
  readonly dataCache?: string | undefined;
}

/**
 * A trained model, by its run's folder or one of the checkpoints in it. Nothing of the run is written to. It holds memory until
 * it is disposed of:
 *
 * ```ts
 * await using run = await openRun("logs/DFCVAE/version_0");
 * const images = await run.sample(16);
 * await images.save("samples.png");
 * ```
 *
 * @throws ConfigError where there is no run or no such checkpoint, CheckpointError where the checkpoint doesn't fit the
 * config, EngineError where the backend is missing
 */
export async function openRun(path: string, options: OpenRunOptions = {}): Promise<Run> {
  checked("openRun: path", path, text);
  checkedOptions("openRun", options, {
    checkpoint: text,
    backend: text,
    set: listOf(text),
    quiet: flag,
    dataCache: text,
  });
  const { backend = "auto", checkpoint, set = [], quiet = false, dataCache } = options;
  if (quiet) silence();
  const say = (text: string) => void (quiet || console.error(text));
  const opened = await openTrained(path, {
    backend,
    set,
    say,
    ...(checkpoint !== undefined && { checkpoint }),
    cacheDir: dataCache ?? cachePlace("data").folder,
  });
  return new Run(opened, (sentence) => say(`note   ${sentence}`));
}
