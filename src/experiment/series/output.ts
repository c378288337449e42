import { readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import type { Member } from "./members.ts";
import { memberFolder } from "./results.ts";

/** File of all that a member's processes said. */
export const outputOf = (member: Member): string => join(memberFolder(member), "output.txt");

/** The end of what a member's process has said; "" where there is nothing. */
export function lastWords(output: string): string {
  try {
    return readFileSync(output, "utf8").trimEnd().split("\n").at(-1)!;
  } catch {
    return "";
  }
}

/** Bytes of a file of what processes said; 0 where there is none. */
export const lengthOf = (output: string): number => statSync(output, { throwIfNoEntry: false })?.size ?? 0;

/**
 * Why a process failed that has said something since its output had `from` bytes: the first line of that which is no note, and
 * where the rest is; of one that a signal has ended nothing that it said is why.
 */
export function reason(output: string, from: number, code: number): string {
  const text = readFileSync(output).subarray(from).toString("utf8");
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("note "));
  if (code > 128 || lines.length === 0) return endedBy(code) ?? `its process ended with code ${code}`;
  return lines.length === 1 ? lines[0]! : `${lines[0]} (all of it: ${output})`;
}

/** What a process says last; of one that a signal has ended nothing that it said is why. */
export const said = (output: string, code: number): string =>
  endedBy(code) ?? (lastWords(output) || `its process ended with code ${code}`);

/** The signal that ended a process; undefined where none did. */
function endedBy(code: number): string | undefined {
  const signal = Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
  if (signal === "SIGKILL")
    return "its process was ended by SIGKILL, as the system does where memory runs out";
  return signal && `its process was ended by ${signal}`;
}
