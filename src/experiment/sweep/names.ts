import { createHash } from "node:crypto";
import { toPlain } from "../../config/located.ts";
import type { Point } from "./points.ts";

/** Keys as names and columns show them: without their sections, where that tells them apart. */
export function keyNames(keys: readonly string[]): readonly string[] {
  const last = keys.map((key) => key.split(".").at(-1)!);
  return new Set(last).size === last.length ? last : keys;
}

/** Longest name of a run's folder made of its values. */
const LONGEST = 100;

/** A name for each point, by its values, so that a run is found again where a range has got more of them. */
export function namesOf(points: readonly Point[]): string[] {
  const keys = [...(points[0]?.values.keys() ?? [])];
  const short = keyNames(keys);
  return points.map(({ values }) => {
    const parts = [...values.values()].map((node, i) => `${short[i]}=${settingText(toPlain(node))}`);
    const name = parts.join(",") || "run"; // where only seeds differ
    const plain = name.replaceAll(/[^\w.=,+-]+/g, "_");
    return plain === name && name.length <= LONGEST ? name : `${plain.slice(0, LONGEST - 9)}_${hash(name)}`;
  });
}

/** A value as names and tables show it. */
export const settingText = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

const hash = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 8);
