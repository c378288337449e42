import { parse } from "yaml";
import { leaves } from "../config/leaves.ts";
import type { Config } from "../config/schema.ts";
import { termsOf } from "../experiment/runs/summary.ts";
import type { RunInfo } from "./api.ts";

/** What a config tells: as much of it as is well formed. */
export interface ReadConfig {
  readonly config: Config | undefined;
  readonly settings: RunInfo["settings"];
  /** Names of the model's loss terms; none where it isn't known here. */
  readonly terms: readonly string[];
}

/** The name that a section of a config gives. */
export const nameOf = (section: unknown): string => {
  const name = (section as { name?: unknown } | undefined)?.name;
  return typeof name === "string" ? name : "?";
};

/** What the text of a config.yaml tells; undefined: it can't be read. */
export function readConfig(text: string | undefined): ReadConfig {
  const none: ReadConfig = { config: undefined, settings: {}, terms: [] };
  try {
    const config = text === undefined ? undefined : (parse(text) as Config | null);
    if (typeof config !== "object" || config === null) return none;
    return { config, settings: Object.fromEntries(leaves(config)), terms: termsOrNone(config) };
  } catch {
    return none; // damaged by hand
  }
}

function termsOrNone(config: Config): readonly string[] {
  try {
    return termsOf(config);
  } catch {
    return []; // a plugin's
  }
}
