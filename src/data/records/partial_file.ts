import { type FileHandle, open, readdir, readFile, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { writeAtomic } from "../../files/atomic_file.ts";
import { isAbandoned, ownMark } from "../../files/temporary.ts";

/** Nobody has written to it for so long: by another machine it is abandoned, and its process was killed. */
const ABANDONED_MS = 3600e3;
/** Nobody will go on with it. */
const FORGOTTEN_MS = 14 * 24 * 3600e3;
const PART = ".part";
/** Behind its name: what was marked. */
const MARKED = ".json";

/**
 * A file that takes hours to write: what a process had written of it when it was killed is gone on with by the next. Several
 * processes at once each write their own.
 */
export class PartialFile {
  private isMarked: boolean;

  private constructor(
    private readonly file: string,
    private readonly path: string,
    private readonly handle: FileHandle,
    /** What was marked last; undefined: nothing. */
    readonly marked: unknown,
  ) {
    this.isMarked = marked !== undefined;
  }

  /** That of a process that was killed, or a new one. */
  static async open(file: string): Promise<PartialFile> {
    const path = join(dirname(file), `.${basename(file)}.${ownMark()}${PART}`);
    for (const name of await readdir(dirname(file))) {
      const old = join(dirname(file), name);
      if (!name.startsWith(".") || !name.endsWith(PART)) continue;
      if (!name.startsWith(`.${basename(file)}.`)) await removeForgotten(old);
      else if (await isAbandoned(old, name, ABANDONED_MS)) {
        const marked = await takeOver(old, path);
        if (marked !== undefined) return new PartialFile(file, path, await open(path, "r+"), marked);
      }
    }
    return new PartialFile(file, path, await open(path, "w+"), undefined);
  }

  /** Notes, as JSON, that all that was written up to here is there. */
  async mark(state: unknown): Promise<void> {
    await this.handle.datasync();
    await writeAtomic(this.path + MARKED, JSON.stringify(state));
    this.isMarked = true;
  }

  /** Has `write` write the rest, and gives the file its name; what `write` marked stays where it fails. */
  async use(write: (handle: FileHandle) => Promise<void>): Promise<void> {
    try {
      await write(this.handle);
      await rename(this.path, this.file);
      await rm(this.path + MARKED, { force: true });
    } catch (error) {
      if (!this.isMarked) await unlink(this.path).catch(() => {});
      throw error;
    } finally {
      await this.handle.close();
    }
  }
}

/** What was marked in the file `old`, which is then called `path`; undefined: nothing, or another process took it. */
async function takeOver(old: string, path: string): Promise<unknown> {
  try {
    await rename(old, path);
    const marked = JSON.parse(await readFile(old + MARKED, "utf8")) as unknown;
    await rename(old + MARKED, path + MARKED);
    return marked;
  } catch {
    return undefined;
  }
}

async function removeForgotten(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || Date.now() - info.mtimeMs < FORGOTTEN_MS) return;
  await rm(path, { force: true }).catch(() => {});
  await rm(path + MARKED, { force: true }).catch(() => {});
}
