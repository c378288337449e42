import {
  closeSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename } from "node:path";
import { isTemporary, temporaryFor } from "../../files/atomic_file.ts";
import type { Identity } from "../../process/identity.ts";

/** A lock's text: JSON, whose `beat` counts on while the holder lives. */
export interface Holder extends Identity {
  readonly beat: string;
  readonly id: string;
  readonly host: string;
  /** ISO 8601. */
  readonly since: string;
}

/** True where the lock `file` is now there with `text`; false where there was one. It never has half a text. */
export function createLock(file: string, text: string): boolean {
  const temporary = temporaryFor(file);
  try {
    writeFileSync(temporary, text, { flag: "wx" });
    try {
      return isNew(() => linkSync(temporary, file)); // fails where the name is taken, unlike rename
    } catch {
      return isNew(() => writeFileSync(file, text, { flag: "wx" })); // a file system without hard links
    }
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Whether `make` made a file; false where one of its name was there. */
function isNew(make: () => void): boolean {
  try {
    make();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes the lock with `text`; where another process was faster and it is a new one, or it lives, puts it back. */
export function removeLock(file: string, text: string): void {
  const aside = temporaryFor(file);
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    const taken = look(aside)?.text;
    if (taken !== undefined && taken !== text) createLock(file, taken);
  } finally {
    unlinkSync(aside);
  }
}

export interface Seen {
  readonly text: string;
  /** Changes with each beat. */
  readonly mark: string;
  /** The lock's, or where it is none of ours its whole text. */
  readonly id: string;
  /** undefined: not a lock of ours, as after a crash of the machine; nobody holds it. */
  readonly holder: Holder | undefined;
}

/** The lock's text as it is now: opened, so that a network drive asks its server. */
export function look(file: string): Seen | undefined {
  let fd: number;
  try {
    fd = openSync(file, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const text = readFileSync(fd, "utf8");
    const holder = holderIn(text);
    return { text, mark: `${text} ${fstatSync(fd).mtimeMs}`, id: holder?.id ?? text, holder };
  } finally {
    closeSync(fd);
  }
}

/** Whom the text of a lock names; undefined where it is none of ours. */
export function holderIn(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    return typeof holder.pid === "number" && typeof holder.host === "string" ? holder : undefined;
  } catch {
    return undefined;
  }
}

/** Whether `name` is a temporary file's of the lock `file`. */
export const isLockTemporary = (file: string, name: string): boolean =>
  isTemporary(name) && name.startsWith(`.${basename(file)}.`);
