import { existsSync, mkdirSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { isTemporary, writeProblem } from "../atomic_file.ts";
import { ConfigError, UserError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { isCheckpoint } from "./checkpoint_files.ts";
import { type Lock, takeLock } from "./run_lock.ts";

/** The folder of one run, which this process alone writes to until `release`. */
export interface RunFolder {
  /** `SAVE_DIR/NAME/version_N`, as it was given. */
  readonly path: string;
  readonly checkpoints: string;
  /** These three are made with their first picture: not every model or data set has some. */
  readonly samples: string;
  readonly reconstructions: string;
  readonly traversals: string;
  /** The resolved config, `config.yaml`. */
  readonly config: string;
  /** `metrics.csv`. */
  readonly metrics: string;
  /** `environment.json`. */
  readonly environment: string;
  /**
   * True where it had been deleted and is made anew, empty; false where all is as it should be.
   *
   * @throws UserError where it can't be made, or another process has taken its place.
   */
  hold(): boolean;
  /** Lets other processes write to it; also done when this process ends. */
  release(): void;
}

const LOCK = "run.lock";
const VERSION = /^version_(\d+)$/;

/**
 * A new, empty run `saveDir/name/version_N`, one above the highest N there. Processes that ask at the same
 * time get different ones, and nothing that is there is touched.
 *
 * @throws ConfigError where the folder can't be made.
 */
export function createRun(saveDir: string, name: string): RunFolder {
  if (!/^[^/\\]+$/.test(name) || name === "." || name === "..") {
    throw new ConfigError(
      `logging_params.name: expected the name of one folder, got ${JSON.stringify(name)}.`,
    );
  }
  const parent = join(saveDir, name);
  try {
    mkdirSync(parent, { recursive: true });
    for (let n = nextVersion(parent); ; n++) {
      const path = join(parent, `version_${n}`);
      if (!claim(path)) continue;
      return take(path);
    }
  } catch (error) {
    throw unwritable(saveDir, parent, error);
  }
}

/**
 * The run at `path`, to go on with.
 *
 * @throws ConfigError where there is none, with those that there are; UserError where another process writes to it.
 */
export function openRun(path: string): RunFolder {
  if (!isFolder(path)) throw new ConfigError(`--resume: no run "${path}". ${advice(path)}`);
  if (!isFolder(describe(path).checkpoints)) {
    throw new ConfigError(`--resume: "${path}" is no run: it has no folder checkpoints. ${advice(path)}`);
  }
  try {
    const run = take(path);
    removeTemporaries(run);
    return run;
  } catch (error) {
    throw writeProblem(path, error);
  }
}

/** Path of the run of `name` with the highest version among those with a checkpoint; undefined: none has. */
export function newestRun(saveDir: string, name: string): string | undefined {
  const parent = join(saveDir, name);
  return runsIn(parent).findLast((path) => list(describe(path).checkpoints).some(isCheckpoint));
}

/** Paths of the runs `parent/version_N`, lowest N first. */
export function runsIn(parent: string): string[] {
  return versions(parent).map((n) => join(parent, `version_${n}`));
}

/** The run at `path`, its folders made where they are missing, for this process alone. */
function take(path: string): RunFolder {
  const folder = describe(path);
  const file = join(path, LOCK);
  const takeIt = (): Lock => {
    mkdirSync(path, { recursive: true });
    const lock = takeLock(file, path);
    mkdirSync(folder.checkpoints, { recursive: true });
    return lock;
  };
  let lock = takeIt();
  return {
    ...folder,
    hold() {
      if (lock.held() && isFolder(folder.checkpoints)) return false;
      try {
        lock.release();
        lock = takeIt();
      } catch (error) {
        throw writeProblem(path, error);
      }
      return true;
    },
    release: () => lock.release(),
  };
}

/** Removes what a killed process was about to write; the lock is this process's. */
function removeTemporaries({ path, checkpoints, samples, reconstructions }: RunFolder): void {
  for (const folder of [path, checkpoints, samples, reconstructions])
    for (const name of list(folder).filter(isTemporary)) unlinkSync(join(folder, name));
}

function describe(path: string): Omit<RunFolder, "hold" | "release"> {
  return {
    path,
    checkpoints: join(path, "checkpoints"),
    samples: join(path, "Samples"),
    reconstructions: join(path, "Reconstructions"),
    traversals: join(path, "Traversals"),
    config: join(path, "config.yaml"),
    metrics: join(path, "metrics.csv"),
    environment: join(path, "environment.json"),
  };
}

/** True where `path` is now there and wasn't before. */
function claim(path: string): boolean {
  try {
    mkdirSync(path); // not recursive: fails where it is there
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

const nextVersion = (parent: string): number => 1 + (versions(parent).at(-1) ?? -1);

function versions(parent: string): number[] {
  return list(parent)
    .flatMap((entry) => VERSION.exec(entry)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

const list = (folder: string): string[] => (isFolder(folder) ? readdirSync(folder) : []);

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // missing, or not to be looked into
  }
}

/** `path` and the folders above it, nearest first. */
function* upward(path: string): Generator<string> {
  yield path;
  for (let p = path; dirname(p) !== p; p = dirname(p)) yield dirname(p);
}

/** The runs near `path`, for who mistyped it. */
function advice(path: string): string {
  const around = [...upward(path)].slice(0, 3);
  const within = around.slice(1).find((folder) => isFolder(describe(folder).checkpoints));
  if (within !== undefined) return `Did you mean "${within}"?`;
  const others = list(dirname(dirname(path))).map((name) => join(dirname(dirname(path)), name));
  const runs = [runsIn(path), runsIn(dirname(path)), others.flatMap(runsIn)].find(
    (found) => found.length > 0,
  );
  if (runs === undefined) return "There are no runs near it; without --resume a new one is started.";
  const shown = runs.slice(-10).join(", ");
  return `Runs there: ${runs.length > 10 ? "…, " : ""}${shown}.${didYouMean(path, runs)}`;
}

function unwritable(saveDir: string, parent: string, error: unknown): unknown {
  if (error instanceof UserError) return error;
  const file = [...upward(parent)].find((p) => existsSync(p) && !isFolder(p));
  if (file !== undefined) {
    return new ConfigError(
      `logging_params.save_dir: expected a folder for the runs, got "${parent}", where "${file}" is a file. ` +
        "Choose another folder or move the file away.",
    );
  }
  const problem = writeProblem(parent, error);
  if (!(problem instanceof UserError)) return problem;
  return new ConfigError(
    `logging_params.save_dir: expected a folder to write to, got "${saveDir}". ${problem.message}`,
    {
      cause: error,
    },
  );
}
