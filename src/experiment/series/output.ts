import { readFileSync } from "node:fs";
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

/** What a process says last; of one that a signal has ended nothing that it said is why. */
export function said(output: string, code: number): string {
  const signal = Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
  if (signal === "SIGKILL")
    return "its process was ended by SIGKILL, as the system does where memory runs out";
  if (signal !== undefined) return `its process was ended by ${signal}`;
  return lastWords(output) || `its process ended with code ${code}`;
}
