import { randomBytes } from "node:crypto";
import { unlinkSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { TRY_AGAIN, UserError } from "../../errors.ts";
import { atEnd } from "../../process/at_end.ts";
import { lifeOf, ownIdentity } from "../../process/identity.ts";
import { firstBeat, startHeartbeat, whyNoBeats } from "./heartbeat.ts";
import { createLock, type Holder, look, removeLock, type Seen } from "./lock_file.ts";

/** Whose a lock is: this process's, nobody's (its file is gone), or another's. */
export type Owner = "own" | "nobody" | "other";

export interface Lock {
  /** Whose it is now: its file may have been deleted, or been taken over while this process stood still. */
  owner(): Owner;
  /** Gives it back. */
  release(): void;
}

/** Another process holds what is to be written. */
export class HeldError extends UserError {
  override readonly exitCode = TRY_AGAIN;
}

/** A holder of whom nothing else is known has ended when its lock is unchanged for so long, in milliseconds. */
export const SILENCE = 15_000;
/** A text that is no lock's may be half written. */
const TORN = 1000;
/** So long it is waited for a holder that lives, which may be about to end. */
const PATIENCE = 5000;
const LOOK_EVERY = 250;
/** A look that took so long says nothing: the file system stood still, and the holder's beats with it. */
const SLOW_LOOK = 1000;

/**
 * The lock at `file`; until its release no other process gets it. That of a process that has ended is taken over; of one
 * on another host or in another container, where it is unchanged for 15 s, by the looks of this process and no clock.
 * Given back at the process's end, too.
 *
 * @param what is locked, for what is said
 * @param say takes a sentence for the user where it has to wait
 * @throws HeldError where another process holds it, and did so for five seconds
 */
export async function takeLock(
  file: string,
  what: string,
  say: (text: string) => void = () => {},
): Promise<Lock> {
  const began = performance.now();
  let watched: { seen: Seen; quiet: number } | undefined;
  let beats = false;
  let said = false;
  for (;;) {
    const lock = tryLock(file);
    if (lock !== undefined) return lock;
    const before = performance.now();
    const seen = look(file);
    const took = performance.now() - before;
    if (seen === undefined) continue; // given back meanwhile
    const same = watched !== undefined && seen.id === watched.seen.id;
    if (same && seen.mark !== watched!.seen.mark) beats = true;
    if (!same) beats = false;
    const stands = same && seen.mark === watched!.seen.mark;
    const quiet = stands && took < SLOW_LOOK ? watched!.quiet + LOOK_EVERY : stands ? watched!.quiet : 0;
    watched = { seen, quiet };
    const { holder } = seen;
    const life = holder === undefined ? "unknown" : lifeOf(holder);
    if (life === "ended" || (life === "unknown" && quiet >= (holder ? SILENCE : TORN))) {
      removeLock(file, seen.text);
      continue;
    }
    if (holder !== undefined && (life === "runs" || beats) && performance.now() - began >= PATIENCE)
      throw new HeldError(refusal(what, holder));
    if (!said && holder !== undefined && quiet >= LOOK_EVERY) {
      said = true;
      const { pid, host } = holder;
      const most = (life === "runs" ? PATIENCE : SILENCE) / 1000;
      say(`${what}: waiting up to ${most} s to see whether process ${pid} on ${host} still writes to it`);
    }
    await sleep(LOOK_EVERY);
  }
}

/**
 * As `takeLock`, at once.
 *
 * @throws HeldError where another process holds it, or may do so
 */
export function takeLockNow(file: string, what: string): Lock {
  for (;;) {
    const lock = tryLock(file);
    if (lock !== undefined) return lock;
    const seen = look(file);
    if (seen === undefined) continue;
    if (seen.holder !== undefined && lifeOf(seen.holder) !== "ended")
      throw new HeldError(refusal(what, seen.holder));
    removeLock(file, seen.text);
  }
}

/** Whom the lock's text names; undefined where there is none. */
export function holderOf(file: string): { readonly pid: number; readonly host: string } | undefined {
  return look(file)?.holder;
}

/** The lock, where `file` was not there. */
function tryLock(file: string): Lock | undefined {
  const id = randomBytes(8).toString("hex");
  const { pid, space, born } = ownIdentity();
  const start = '{"beat":"';
  const rest = { id, pid, space, born, host: hostname(), since: new Date().toISOString() };
  const text = `${start}${firstBeat}",${JSON.stringify(rest).slice(1)}`;
  if (!createLock(file, text)) return undefined;
  const problem = whyNoBeats(file, start.length);
  if (problem !== undefined) {
    unlinkSync(file);
    throw new UserError(
      `${file}: expected a file system that changes files in place, by which a run shows other machines that it lives, got one that refuses it (${problem.message}). Keep runs on a disk or a network drive, and copy them from there`,
      { cause: problem },
    );
  }
  const stop = startHeartbeat(file, id, start.length);
  const owner = (): Owner => {
    try {
      const seen = look(file);
      if (seen === undefined) return "nobody";
      return seen.id === id ? "own" : "other";
    } catch {
      return "own"; // a drive that doesn't answer: what is to be written fails by itself
    }
  };
  let held = true;
  const forget = atEnd(() => release());
  const release = () => {
    if (!held) return;
    held = false;
    forget();
    stop();
    try {
      if (owner() === "own") unlinkSync(file);
    } catch {} // the next process finds that this one has ended
  };
  return { owner, release };
}

function refusal(what: string, { pid, host, since }: Holder): string {
  return `${what}: process ${pid} on ${host} is writing to it since ${since}. Wait until it ends or stop it; without --resume a run of its own is started.`;
}
