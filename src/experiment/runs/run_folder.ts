import { existsSync, mkdirSync, rmSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, UserError } from "../../errors.ts";
import { isTemporary, writeProblem } from "../../files/atomic_file.ts";
import { isFolder } from "../../files/is_folder.ts";
import { removeAbandoned } from "../../files/temporary.ts";
import { list, nextVersion, resumeAdvice, upward } from "./find_runs.ts";
import { isLockTemporary } from "./lock_file.ts";
import { LAST, type RunFiles, runFiles, versionFolder } from "./run_files.ts";
import { holderOf, type Lock, takeLock, takeLockNow } from "./run_lock.ts";

/** The folder of one run, which this process alone writes to until `release`. */
export interface RunFolder extends RunFiles {
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
  /** Removes it with all that is in it, where no other process has taken its place. */
  remove(): void;
  /** Lets other processes write to it; also done when this process ends. */
  release(): void;
}

/** Another process has gone on with the run, so that nothing may be written to it here. */
export class LostRun extends UserError {}

/**
 * A new, empty run `saveDir/name/version_N`, one above the highest N there. Processes that ask at the same
 * time get different ones, and nothing that is there is touched.
 *
 * @throws ConfigError where the folder can't be made.
 */
export function createRun(saveDir: string, name: string): RunFolder {
  const parent = parentOf(saveDir, name);
  try {
    mkdirSync(parent, { recursive: true });
    for (let n = nextVersion(parent); ; n++) {
      const path = versionFolder(parent, n);
      if (!claim(path)) continue;
      return hold(path, takeLockNow(runFiles(path).lock, path));
    }
  } catch (error) {
    throw unwritable(saveDir, parent, error);
  }
}

/** The folder of a name's runs. @throws ConfigError where `name` is no folder's */
export function parentOf(saveDir: string, name: string): string {
  if (/^[^/\\]+$/.test(name) && name !== "." && name !== "..") return join(saveDir, name);
  throw new ConfigError(`logging_params.name: expected the name of one folder, got ${JSON.stringify(name)}.`);
}

/**
 * The run at `path`, to go on with; where another process might write to it, after some seconds.
 *
 * @param say takes a sentence for the user where it has to wait
 * @throws ConfigError where there is none, with those that there are; UserError where another process writes to it.
 */
export async function openRunFolder(path: string, say?: (text: string) => void): Promise<RunFolder> {
  checkIsRun(path);
  try {
    const run = hold(path, await takeLock(runFiles(path).lock, path, say));
    await removeTemporaries(run);
    return run;
  } catch (error) {
    throw writeProblem(path, error);
  }
}

/** @throws ConfigError where `path` is no run's folder, with the runs that are near it */
export function checkIsRun(path: string): void {
  if (!isFolder(path)) throw new ConfigError(`--resume: no run "${path}". ${resumeAdvice(path)}`);
  if (!isFolder(runFiles(path).checkpoints))
    throw new ConfigError(
      `--resume: "${path}" is no run: it has no folder checkpoints. ${resumeAdvice(path)}`,
    );
}

/** The run at `path`, whose lock this process has; its folders are made where they are missing. */
function hold(path: string, first: Lock): RunFolder {
  const folder = runFiles(path);
  const file = folder.lock;
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
    remove() {
      if (lock.owner() === "own") rmSync(path, { recursive: true, force: true });
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

/** After that long, in milliseconds, a lock's temporary file of a process on another host is taken for abandoned. */
export const ABANDONED = 24 * 3600 * 1000;

/**
 * Removes what a killed process was about to write; the lock is this process's. Of the lock's own temporary files some
 * may be those of processes that ask for it right now.
 */
async function removeTemporaries(run: RunFiles): Promise<void> {
  const { path, checkpoints, samples, reconstructions, traversals, projector, lock } = run;
  const ofLock = (name: string) => isLockTemporary(lock, name);
  for (const folder of [path, checkpoints, samples, reconstructions, traversals, projector])
    for (const name of list(folder)) if (isTemporary(name) && !ofLock(name)) unlinkSync(join(folder, name));
  await removeAbandoned(path, ofLock, ABANDONED);
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

/** `error` of writing into `parent`, a folder of `saveDir`, with what a user can mend. */
export function unwritable(saveDir: string, parent: string, error: unknown): unknown {
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
