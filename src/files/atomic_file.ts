import { closeSync, constants, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { copyFile, link, mkdir, open, rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { FAULTS } from "./faults.ts";
import { ownMark, temporarily } from "./temporary.ts";

/** What a user can mend, by the system's error code. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full: make room",
  EDQUOT: "the disk quota is used up: make room",
  EACCES: "no permission: choose another folder or change its permissions",
  EPERM: "no permission: choose another folder or change its permissions",
  EROFS: "the file system is read-only: choose another folder",
  ENOENT: "its folder is missing: was it moved or deleted?",
  ENOTDIR: "a part of its path is a file: choose another folder",
  EEXIST: "a part of its path is a file: choose another folder",
  EISDIR: "it is a folder: choose another name",
  ENAMETOOLONG: "the name is too long: choose a shorter one",
  EFBIG: "the file is larger than the system allows (ulimit -f)",
  ...FAULTS,
};

/** `error` of writing `path`, as a UserError with its remedy where a user can mend it, else as it is. */
export function writeProblem(path: string, error: unknown): unknown {
  const remedy = REMEDIES[(error as NodeJS.ErrnoException).code ?? ""];
  if (remedy === undefined) return error;
  return new UserError(`${path}: can't be written: ${remedy} (${(error as Error).message}).`, {
    cause: error,
  });
}

/**
 * Makes a folder in one that is there, where it isn't yet. @throws UserError where that one is missing, full or not writable
 */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path).catch((error) => {
    if (error.code !== "EEXIST") throw writeProblem(path, error);
  });
}

/** Makes a folder and those that it lies in. @throws UserError where one can't be made */
export async function makeFolders(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error) => {
    throw writeProblem(path, error);
  });
}

/**
 * Resolves when `file` holds `bytes` (a string as UTF-8) and would after a power failure: written under a temporary name in
 * the same folder, synced, renamed, the folder synced. Whoever reads `file` at any time finds the old
 * content or the new one, whole. `before` is called when all is written and `file` still is the old one, with the
 * temporary file's path.
 *
 * @throws UserError where the folder is missing, full or not writable; `file` is then as before.
 */
export async function writeAtomic(
  file: string,
  bytes: Uint8Array | string,
  before?: (temporary: string) => Promise<void>,
): Promise<void> {
  await write(file, bytes, async (temporary) => {
    await before?.(temporary);
    await rename(temporary, file);
  });
}

/** As `writeAtomic`, but true where nothing had that name, and false, with nothing changed, where something has. */
export async function writeNew(file: string, bytes: Uint8Array | string): Promise<boolean> {
  let isNew = true;
  await write(file, bytes, async (temporary) => {
    const taken = (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
      isNew = false;
    };
    await link(temporary, file).catch((error) => {
      if (error.code === "EEXIST") return taken(error);
      return copyFile(temporary, file, constants.COPYFILE_EXCL).catch(taken); // a file system without hard links
    });
  });
  return isNew;
}

/**
 * Gives `file`, where it is there, a further name, in place of what had it: a hard link where the file system has them,
 * else a copy.
 *
 * @throws UserError where the folder is full or not writable
 */
export async function alsoAs(file: string, name: string): Promise<void> {
  const temporary = temporaryFor(name);
  try {
    await temporarily(temporary, async () => {
      await link(file, temporary).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") return copyFile(file, temporary);
        throw error;
      });
      await rename(temporary, name);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw writeProblem(name, error);
  }
}

/** Writes a temporary file beside `file`, has `name` give it its name, and syncs the folder. */
async function write(
  file: string,
  bytes: Uint8Array | string,
  name: (temporary: string) => Promise<void>,
): Promise<void> {
  const fill = async (temporary: string) => {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  };
  try {
    await makeWhole(file, fill, name);
  } catch (error) {
    throw writeProblem(file, error);
  }
  await syncFolder(dirname(file));
}

/** As `writeAtomic`, where nothing may come between. */
export function writeAtomicSync(file: string, bytes: Uint8Array | string): void {
  const temporary = temporaryFor(file);
  try {
    const fd = openSync(temporary, "wx");
    try {
      writeFileSync(fd, bytes);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, file);
  } catch (error) {
    try {
      unlinkSync(temporary);
    } catch {} // was never made
    throw writeProblem(file, error);
  }
}

/** Whether `name` is a temporary file's, which a killed process may have left. */
export const isTemporary = (name: string): boolean => /^\..+\.[\w-]+\.tmp$/.test(name);

/** A name of this process's own beside `file`, another one each time: one for which `isTemporary`. */
export const temporaryFor = (file: string): string =>
  join(dirname(file), `.${basename(file)}.${ownMark()}.tmp`);

/** Whether `name` is that of a temporary file for `file`. */
export const isTemporaryFor = (file: string, name: string): boolean =>
  isTemporary(name) && name.startsWith(`.${basename(file)}.`);

/**
 * Has `make` write the file or folder `path` under a temporary name beside it, and `place` then give it its own. Nothing
 * is left of it where one of them fails, or where this process ends meanwhile.
 *
 * @returns what `place` does
 */
export function makeWhole<Made, Placed = void>(
  path: string,
  make: (temporary: string) => Promise<Made>,
  place: (temporary: string, made: Made) => Promise<Placed>,
): Promise<Placed> {
  const temporary = temporaryFor(path);
  return temporarily(temporary, async () => place(temporary, await make(temporary)));
}

/** Makes renames in `folder` durable; does nothing where folders can't be synced (Windows). */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
