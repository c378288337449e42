import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { procStat } from "./proc.ts";

/** Which process, also for those that read it elsewhere or later. */
export interface Identity {
  readonly pid: number;
  /** Where the number means this process: the boot of a machine and, on Linux, its pid namespace; unknown where undefined. */
  readonly space: string | undefined;
  /** Tells it from a later one with the same number, where the system says. */
  readonly born: string | undefined;
}

/** `unknown`: it is elsewhere, or the system doesn't say. */
export type Life = "ended" | "runs" | "unknown";

let own: Identity | undefined;

/** This process. */
export function ownIdentity(): Identity {
  own ??= { pid: process.pid, space: spaceOf(), born: stateOf(process.pid)?.born };
  return own;
}

/** Whether a process still runs; one that is about to end, or that nobody has waited for, does not. */
export function lifeOf({ pid, space, born }: Identity): Life {
  if (space === undefined || space !== ownIdentity().space) return "unknown";
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "ended";
  }
  const now = stateOf(pid);
  if (now === undefined || born === undefined) return "unknown";
  return now.dying || now.born !== born ? "ended" : "runs";
}

function spaceOf(): string | undefined {
  if (process.platform !== "linux") return `${process.platform} ${hostname()}`;
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** Of `flags` in proc(5)'s stat: the process is giving back what it has. */
const PF_EXITING = 4;
const SIGKILL_BIT = 1n << 8n;

interface State {
  readonly born: string;
  readonly dying: boolean;
}

/** undefined: there is no such process, or the system doesn't say. */
function stateOf(pid: number): State | undefined {
  try {
    const fields = procStat(pid);
    const [state, flags, born] = [fields[0]!, Number(fields[6]), fields[19]!];
    return { born, dying: /[ZXx]/.test(state) || (flags & PF_EXITING) !== 0 || isKilled(pid) };
  } catch {
    return process.platform === "linux" ? undefined : stateByPs(pid);
  }
}

/** Whether SIGKILL is on its way to it. */
function isKilled(pid: number): boolean {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return [...status.matchAll(/^(?:SigPnd|ShdPnd):\s*([0-9a-f]+)/gm)].some(
    ([, mask]) => (BigInt(`0x${mask}`) & SIGKILL_BIT) !== 0n,
  );
}

/** For systems without /proc. */
function stateByPs(pid: number): State | undefined {
  const { stdout, status } = spawnSync("ps", ["-o", "state=,lstart=", "-p", String(pid)], {
    encoding: "utf8",
  });
  const [, state, born] = /^\s*(\S+)\s+(\S.*\S)\s*$/m.exec(stdout ?? "") ?? [];
  if (status !== 0 || state === undefined || born === undefined) return undefined;
  return { born, dying: /[ZE]/.test(state) };
}
