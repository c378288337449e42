import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { UserError } from "../errors.ts";

interface Holder {
  readonly pid: number;
  readonly host: string;
  /** Tells a process from a later one with the same number, where the system says. */
  readonly born: string | undefined;
  /** ISO 8601. */
  readonly since: string;
}

export interface Lock {
  /** Whether it still is this process's: its file may have been deleted. */
  held(): boolean;
  /** Gives it back. */
  release(): void;
}

/**
 * The lock at `file`; until its release no other process gets it. A lock whose process has ended (same host) is
 * taken over. Given back at the process's end, too.
 *
 * @throws UserError where another process holds it, or one of another host might.
 */
export function takeLock(file: string, what: string): Lock {
  const text = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    born: bornAt(process.pid),
    since: new Date().toISOString(),
  } satisfies Holder);
  while (!create(file, text)) {
    const found = read(file);
    if (found === undefined) continue; // given back meanwhile
    const holder = parse(found);
    if (holder !== undefined && !hasEnded(holder)) throw new UserError(refusal(file, what, holder));
    remove(file, found);
  }
  let held = true;
  const release = () => {
    if (!held) return;
    held = false;
    process.off("exit", release);
    if (read(file) === text) unlinkSync(file);
  };
  process.on("exit", release);
  return { held: () => read(file) === text, release };
}

/** True where `file` is now there with `text`; false where there was one. It never has half a text. */
function create(file: string, text: string): boolean {
  const temporary = unique(file);
  writeFileSync(temporary, text, { flag: "wx" });
  try {
    linkSync(temporary, file); // fails where the name is taken, unlike rename
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    return createWithoutLinks(file, text);
  } finally {
    unlinkSync(temporary);
  }
}

/** For file systems that have no hard links. */
function createWithoutLinks(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Removes the lock with `text`; where another process was faster and it is a new one, puts that back. */
function remove(file: string, text: string): void {
  const aside = unique(file);
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  const taken = read(aside);
  if (taken !== undefined && taken !== text) create(file, taken);
  unlinkSync(aside);
}

const unique = (file: string): string => `${file}.${randomBytes(6).toString("hex")}`;

function read(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** undefined: not a lock of ours, as after a crash of the machine; nobody holds it. */
function parse(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Holder;
    return typeof holder.pid === "number" && typeof holder.host === "string" ? holder : undefined;
  } catch {
    return undefined;
  }
}

function hasEnded({ pid, host, born }: Holder): boolean {
  if (host !== hostname()) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
  const now = bornAt(pid);
  return born !== undefined && now !== undefined && born !== now;
}

/** When the process started, in ticks since the machine did (proc(5), stat field 22); undefined off Linux. */
function bornAt(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]; // the name before it may hold spaces
  } catch {
    return undefined;
  }
}

function refusal(file: string, what: string, { pid, host, since }: Holder): string {
  const remedy =
    host === hostname()
      ? "Wait until it ends or stop it; without --resume a run of its own is started."
      : `If it no longer runs there, delete ${file}.`;
  return `${what}: process ${pid} on ${host} is writing to it since ${since}. ${remedy}`;
}
