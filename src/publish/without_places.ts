import { basename, isAbsolute } from "node:path";
import type { Config } from "../config/schema.ts";

/** A config without what is the business of the machine that it ran on. */
export function withoutPlaces({ logging_params: _, ...config }: Config): Omit<Config, "logging_params"> {
  const text = JSON.stringify(config, (_, value) =>
    typeof value === "string" && (isAbsolute(value) || value.startsWith("..")) ? basename(value) : value,
  );
  return JSON.parse(text) as Config;
}
