import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isFolder } from "../../files/is_folder.ts";

/** What lies in the folder of a run. */
export interface RunFiles {
  /** `SAVE_DIR/NAME/version_N`, as it was given. */
  readonly path: string;
  readonly checkpoints: string;
  /** These five are made with what is first in them: not every model or data set has some. */
  readonly samples: string;
  readonly fittedSamples: string;
  readonly reconstructions: string;
  readonly traversals: string;
  readonly projector: string;
  /** The resolved config, `config.yaml`. */
  readonly config: string;
  /** `metrics.csv`. */
  readonly metrics: string;
  /** `environment.json`. */
  readonly environment: string;
  /** The process that writes to it, `run.lock`. */
  readonly lock: string;
  /** The error that ended its last process, `failure.txt`; not there where none did. */
  readonly failure: string;
  /** What `vae evaluate` writes, `evaluation.json`. */
  readonly evaluation: string;
  /** What `vae fit-sampler` writes: a file for each sampler. */
  readonly samplers: string;
  /** What an experiment writes: another name, so that neither overwrites the other's. */
  readonly experimentEvaluation: string;
}

const CHECKPOINTS = "checkpoints";

/** The files of the run at `path`, whether they are there or not. */
export const runFiles = (path: string): RunFiles => ({
  path,
  checkpoints: join(path, CHECKPOINTS),
  samples: join(path, "Samples"),
  fittedSamples: join(path, "FittedSamples"),
  reconstructions: join(path, "Reconstructions"),
  traversals: join(path, "Traversals"),
  projector: join(path, "projector"),
  config: join(path, "config.yaml"),
  metrics: join(path, "metrics.csv"),
  environment: join(path, "environment.json"),
  lock: join(path, "run.lock"),
  failure: join(path, "failure.txt"),
  evaluation: join(path, "evaluation.json"),
  samplers: join(path, "samplers"),
  experimentEvaluation: join(path, "experiment_evaluation.json"),
});

/** Whether `path` is the folder of a run: with a config and a folder of checkpoints. */
export function isRun(path: string): boolean {
  const { config, checkpoints } = runFiles(path);
  return existsSync(config) && isFolder(checkpoints);
}

/** The run in whose folder of checkpoints `file` lies; undefined where it lies elsewhere. */
export function runOfCheckpoint(file: string): string | undefined {
  const path = dirname(dirname(file));
  return basename(dirname(file)) === CHECKPOINTS && existsSync(runFiles(path).config) ? path : undefined;
}

const VERSION = /^version_(\d+)$/;

/** The folder of version `n` in that of a name. */
export const versionFolder = (parent: string, n: number): string => join(parent, `version_${n}`);

/** N of a folder `version_N`; undefined of another name. */
export function versionOf(name: string): number | undefined {
  const n = VERSION.exec(name)?.[1];
  return n === undefined ? undefined : Number(n);
}

/** Files in the folder of checkpoints: the one that `--resume` goes on from. */
export const LAST = "last.safetensors";
/** The one before it, for the case that it turns out to be damaged. */
export const PREVIOUS = "previous.safetensors";
/** The checkpoint with the best value of the monitored metric. */
export const BEST = "best.safetensors";

const NUMBERED = /^step_\d+\.safetensors$/;
/** The checkpoint of a step that is kept under its number. */
export const numbered = (step: number): string => `step_${String(step).padStart(8, "0")}.safetensors`;
export const isNumbered = (name: string): boolean => NUMBERED.test(name);

/** Whether a file in the folder of checkpoints is one. */
export const isCheckpoint = (name: string): boolean =>
  name === LAST || name === PREVIOUS || name === BEST || isNumbered(name);
