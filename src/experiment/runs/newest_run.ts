import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { removeAbandoned } from "../../files/temporary.ts";
import { lifeOf } from "../../process/identity.ts";
import { newestRun } from "./find_runs.ts";
import { isLockTemporary, look } from "./lock_file.ts";
import { ABANDONED, createRun, openRunFolder, parentOf, type RunFolder, unwritable } from "./run_folder.ts";
import { HeldError, type Lock, takeLock } from "./run_lock.ts";

/** The newest run of a name, or a new one: what one process at a time has the right to. */
export interface Newest {
  /** The newest with a checkpoint, to go on with; undefined: there is none. */
  readonly found: RunFolder | undefined;
  /** A new run. @throws HeldError where this process stood still and another one has the right now */
  create(): RunFolder;
  /** Gives the right back, and what was found. */
  release(): void;
}

/**
 * The newest run of `saveDir/name`, which no other process that asks so gets until `release`, here or on another machine:
 * two that are to go on with a run or start it never train the same beside each other.
 *
 * @param say takes a sentence for the user where it has to wait
 * @throws ConfigError where the folder can't be made; HeldError where another process has it after some seconds
 */
export async function openNewest(
  saveDir: string,
  name: string,
  say?: (text: string) => void,
): Promise<Newest> {
  const parent = parentOf(saveDir, name);
  const lock = await lockIn(saveDir, parent, say);
  try {
    const path = newestRun(saveDir, name);
    const found = path === undefined ? undefined : await openRunFolder(path, say);
    return {
      found,
      create() {
        if (lock.owner() === "other")
          throw new HeldError(
            `${parent}: another process has gone on with this run while this one stood still. It ends here.`,
          );
        return createRun(saveDir, name);
      },
      release() {
        found?.release();
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Who has the right to the newest run of the folder `parent`; undefined: nobody, as far as can be told from here. */
export function heldBy(parent: string): { readonly pid: number; readonly host: string } | undefined {
  const holder = look(lockOf(parent))?.holder;
  return holder === undefined || lifeOf(holder) === "ended" ? undefined : holder;
}

const lockOf = (parent: string): string => join(parent, "newest.lock");

async function lockIn(saveDir: string, parent: string, say?: (text: string) => void): Promise<Lock> {
  const file = lockOf(parent);
  try {
    mkdirSync(parent, { recursive: true });
    const lock = await takeLock(file, parent, say);
    await removeAbandoned(parent, (entry) => isLockTemporary(file, entry), ABANDONED);
    return lock;
  } catch (error) {
    throw unwritable(saveDir, parent, error);
  }
}
