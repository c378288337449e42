import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { writeAtomic } from "../../files/atomic_file.ts";
import type { Command } from "./launcher.ts";

/** The series whose commands are launched, as a queue's jobs name it. */
export interface Fleet {
  readonly name: string;
  /** Folder of its runs and results. */
  readonly out: string;
}

/** Commands that were submitted together, as one job with a task for each; their places in it number them. */
export interface Batch {
  readonly id: string;
  /** Where what was submitted lies, and what a queue leaves of it. */
  readonly folder: string;
  readonly commands: readonly Command[];
}

/** What tells the jobs of a series from those of others: its folder, as this machine names it. */
export const markOf = ({ out }: Fleet): string =>
  createHash("sha256").update(resolve(out)).digest("hex").slice(0, 10);

/** Where a launcher keeps the batches of a series. */
const folderOf = ({ out }: Fleet, launcher: string, id: string): string => resolve(out, launcher, id);

const LIST = "commands.json";

/** A new batch; its commands are written down, so that a later process finds which of a job's tasks is whose. */
export async function newBatch(fleet: Fleet, launcher: string, commands: readonly Command[]): Promise<Batch> {
  const id = `${Date.now().toString(36)}${randomBytes(2).toString("hex")}`;
  const folder = folderOf(fleet, launcher, id);
  mkdirSync(folder, { recursive: true });
  const absolute = commands.map(({ args, output }) => ({ args, output: resolve(output) }));
  await writeAtomic(join(folder, LIST), `${JSON.stringify(absolute, null, 1)}\n`);
  return { id, folder, commands: absolute };
}

/** The batch of an earlier process; undefined where its folder is gone. */
export function batchOf(fleet: Fleet, launcher: string, id: string): Batch | undefined {
  const folder = folderOf(fleet, launcher, id);
  try {
    const commands = JSON.parse(readFileSync(join(folder, LIST), "utf8")) as Command[];
    return { id, folder, commands };
  } catch {
    return undefined;
  }
}
