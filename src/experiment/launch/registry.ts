import { ConfigError } from "../../errors.ts";
import { didYouMean } from "../../text/suggest.ts";
import type { LauncherArgs, LauncherDefinition } from "./define.ts";
import { kubernetes } from "./kubernetes.ts";
import type { Launcher } from "./launcher.ts";
import { local } from "./local.ts";
import type { LAUNCHERS } from "./names.ts";
import { Resources } from "./resources.ts";
import { slurm } from "./slurm.ts";

const definitions: Readonly<Record<keyof typeof LAUNCHERS, LauncherDefinition>> = {
  local,
  slurm,
  kubernetes,
};

/**
 * The launcher of a name.
 *
 * @param resources arguments of `--resource`
 * @throws ConfigError for an unknown name or key, or a value that is none
 */
export function launcherNamed(
  name: string,
  { resources, ...args }: Omit<LauncherArgs, "resources"> & { readonly resources: readonly string[] },
): Launcher {
  const names = Object.keys(definitions);
  const found = (definitions as Readonly<Record<string, LauncherDefinition>>)[name];
  if (found === undefined)
    throw new ConfigError(
      `--launcher: expected one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`,
    );
  return found.make({ ...args, resources: new Resources(name, found.keys, resources) });
}
