import { existsSync, mkdirSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConfigError, UserError } from "../../errors.ts";
import { isTemporary, writeProblem } from "../../files/atomic_file.ts";
import { didYouMean } from "../../text/suggest.ts";
import { isCheckpoint, LAST } from "./checkpoint_files.ts";
import { holderOf, type Lock, takeLock, takeLockNow } from "./run_lock.ts";

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
  /**
   * To call right before anything of the run is written: this process may have stood still (stopped, a suspended
   * machine) for so long that another one went on with the run.
   *
   * @throws LostRun where it did
   */
  check(): void;
  /** To call after the last checkpoint was written. */
  saved(): void;
  /** Lets other processes write to it; also done when this process ends. */
  release(): void;
}

/** Another process has gone on with the run, so that nothing may be written to it here. */
export class LostRun extends UserError {}

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
      return hold(path, takeLockNow(join(path, LOCK), path));
    }
  } catch (error) {
    throw unwritable(saveDir, parent, error);
  }
}

/**
 * The run at `path`, to go on with; where another process might write to it, after some seconds.
 *
 * @param say takes a sentence for the user where it has to wait
 * @throws ConfigError where there is none, with those that there are; UserError where another process writes to it.
 */
export async function openRun(path: string, say?: (text: string) => void): Promise<RunFolder> {
  checkIsRun(path);
  try {
    const run = hold(path, await takeLock(join(path, LOCK), path, say));
    removeTemporaries(run);
    return run;
  } catch (error) {
    throw writeProblem(path, error);
  }
}

/** @throws ConfigError where `path` is no run's folder, with the runs that are near it */
export function checkIsRun(path: string): void {
  if (!isFolder(path)) throw new ConfigError(`--resume: no run "${path}". ${advice(path)}`);
  if (!isFolder(describe(path).checkpoints))
    throw new ConfigError(`--resume: "${path}" is no run: it has no folder checkpoints. ${advice(path)}`);
}

/** Path of the run of `name` with the highest version among those with a checkpoint; undefined: none has. */
export function newestRun(saveDir: string, name: string): string | undefined {
  const parent = join(saveDir, name);
  return runsIn(parent).findLast((path) => list(describe(path).checkpoints).some(isCheckpoint));
}

/** Paths of the runs `parent/version_N`, lowest N first. */
function runsIn(parent: string): string[] {
  return versions(parent).map((n) => join(parent, `version_${n}`));
}

/** The run at `path`, whose lock this process has; its folders are made where they are missing. */
function hold(path: string, first: Lock): RunFolder {
  const folder = describe(path);
  const file = join(path, LOCK);
  let lock = first;
  const makeFolders = () => {
    mkdirSync(folder.checkpoints, { recursive: true });
  };
  try {
    makeFolders();
  } catch (error) {
    lock.release();
    throw error;
  }
  const last = join(folder.checkpoints, LAST);
  let known = markOf(last);
  const check = () => {
    const owner = lock.owner();
    if (owner === "own") return;
    if (owner === "other") throw lost(path, file);
    if (!existsSync(path)) return; // deleted: `hold` makes it anew
    // The lock is gone. Another process may have taken it, trained, and given it back.
    const now = markOf(last);
    if (now !== undefined && now !== known) throw lost(path, file);
  };
  return {
    ...folder,
    check,
    saved() {
      known = markOf(last);
    },
    hold() {
      check();
      const there = isFolder(folder.checkpoints);
      if (there && lock.owner() === "own") return false;
      try {
        if (lock.owner() === "nobody") {
          lock.release();
          mkdirSync(path, { recursive: true });
          lock = takeLockNow(file, path);
        }
        makeFolders();
      } catch (error) {
        throw writeProblem(path, error);
      }
      return !there;
    },
    release: () => lock.release(),
  };
}

/** Changes with the file's content, whoever writes it by another name and renames it; undefined: there is none. */
function markOf(file: string): string | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat && `${stat.ino} ${stat.size} ${stat.mtimeMs}`;
}

function lost(path: string, file: string): LostRun {
  const holder = holderOf(file);
  const who = holder === undefined ? "another process" : `process ${holder.pid} on ${holder.host}`;
  return new LostRun(
    `${path}: ${who} has gone on with this run while this process stood still. It ends here, and writes nothing more to it.`,
  );
}

/** Removes what a killed process was about to write; the lock is this process's. */
function removeTemporaries({ path, checkpoints, samples, reconstructions, traversals }: RunFolder): void {
  const projector = join(path, "projector");
  for (const folder of [path, checkpoints, samples, reconstructions, traversals, projector])
    for (const name of list(folder).filter(isTemporary)) unlinkSync(join(folder, name));
}

function describe(path: string): Omit<RunFolder, "hold" | "check" | "saved" | "release"> {
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
