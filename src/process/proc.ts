import { readFileSync } from "node:fs";

/** What follows the name in Linux's /proc/PID/stat (proc(5), from field 3 on). @throws Error where there is none */
export function procStat(pid: number | "self"): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" "); // the name before it may hold spaces
}

/** @throws Error where there is no such process, or no /proc */
export function parentAndSession(pid: number | "self"): { parent: number; session: number } {
  const [, parent, , session] = procStat(pid).map(Number) as [number, number, number, number];
  return { parent, session };
}
