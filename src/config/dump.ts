import { stringify } from "yaml";
import type { ModelDefinition } from "../models/define.ts";
import { rebasePaths } from "./paths.ts";
import type { Config } from "./schema.ts";

/**
 * The config as YAML that loads again to the same config. Where it is to stand in another folder than it came
 * from, `moved` says so and relative file names are rewritten; `model`: where it is none of the project's registry.
 */
export function dumpConfig(
  config: Config,
  moved?: { readonly from: string; readonly to: string; readonly model?: ModelDefinition },
): string {
  const own = moved ? rebasePaths(config, () => moved.from, moved.to, { model: moved.model }) : config;
  return stringify(own, { version: "1.2", schema: "core", lineWidth: 0, aliasDuplicateObjects: false });
}
