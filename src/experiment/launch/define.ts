import type { Fleet } from "./batch.ts";
import type { Launcher } from "./launcher.ts";
import type { ResourceKeys, Resources } from "./resources.ts";

export interface LauncherArgs {
  readonly fleet: Fleet;
  readonly resources: Resources;
  /** `--jobs`; undefined where it was not given. */
  readonly jobs: number | undefined;
}

/** How a launcher is made. */
export interface LauncherDefinition {
  /** What `--resource` may say. */
  readonly keys: ResourceKeys;
  /** @throws ConfigError where what is asked for makes no sense */
  make(args: LauncherArgs): Launcher;
}
