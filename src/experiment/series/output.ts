import { readFileSync } from "node:fs";
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
