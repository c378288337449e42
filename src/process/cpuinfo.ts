import { readFileSync } from "node:fs";

/** What Linux says of the processors; undefined elsewhere. */
export function cpuinfo(): string | undefined {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return undefined;
  }
}
