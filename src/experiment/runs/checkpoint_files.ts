import { readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { CheckpointError } from "../../errors.ts";
import { alsoAs, writeAtomic } from "../../files/atomic_file.ts";
import { type Checkpoint, DamagedCheckpoint, readCheckpoint } from "./checkpoint.ts";
import { BEST, isCheckpoint, isNumbered, LAST, numbered, PREVIOUS } from "./run_files.ts";

/**
 * Writes `bytes` as the last checkpoint of `folder`, as its best where `best`, and keeps the one that was the last
 * as the previous and the newest `keepLast` under their step's number. At each moment a whole one is there. The
 * further names are hard links where the file system has them, but for the best, which is a file of its own.
 *
 * @param options `check` is called right before a file takes its name, and may throw
 * @throws UserError where it can't be written; the last one is then as before.
 */
export async function saveCheckpoint(
  folder: string,
  bytes: Uint8Array,
  options: { step: number; best: boolean; keepLast: number; check?(): void },
): Promise<void> {
  const { step, best, keepLast } = options;
  const last = join(folder, LAST);
  const check = async () => options.check?.();
  if (best) await writeAtomic(join(folder, BEST), bytes, check);
  await writeAtomic(last, bytes, async (temporary) => {
    await check();
    // before it is the last one: a run that is killed on the way does all of this again
    if (keepLast > 0) {
      await alsoAs(temporary, join(folder, numbered(step)));
      const old = (await readdir(folder)).filter(isNumbered).sort();
      for (const file of old.slice(0, -keepLast)) await unlink(join(folder, file)).catch(() => {});
    }
    await alsoAs(last, join(folder, PREVIOUS));
  });
}

export interface Found {
  readonly checkpoint: Checkpoint;
  /** Why files that should have come before it were not taken: a sentence each. */
  readonly passed: readonly string[];
}

/**
 * The last checkpoint of `folder`, or where that is damaged or missing the whole one of the highest step. A damaged
 * last one is put aside as `last.safetensors.damaged`, so that it never takes a whole one's place.
 *
 * @throws CheckpointError where none is whole.
 */
export async function newestCheckpoint(folder: string): Promise<Found> {
  const passed: string[] = [];
  const read = (name: string): Checkpoint[] => {
    try {
      return [readCheckpoint(join(folder, name))];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ESTALE") return read(name); // replaced on another host meanwhile
      if (!(error instanceof DamagedCheckpoint)) throw error;
      passed.push(error.message);
      return [];
    }
  };
  const [last] = read(LAST);
  if (last !== undefined) return { checkpoint: last, passed };
  const others = (await readdir(folder)).filter((name) => name !== LAST && isCheckpoint(name));
  let newest: Checkpoint | undefined; // one at a time: each may be large
  for (const name of others.sort()) {
    for (const found of read(name)) {
      if (found.state.step > (newest?.state.step ?? -1)) newest = found;
    }
  }
  if (newest === undefined) {
    throw new CheckpointError(
      `${folder}: expected a whole checkpoint, got none:\n  ${passed.join("\n  ")}\n` +
        "Put back a copy of one of them, or start a new run without --resume.",
    );
  }
  const damaged = join(folder, LAST);
  await rename(damaged, `${damaged}.damaged`).catch(() => {}); // it may be missing
  return { checkpoint: newest, passed };
}
