import { homedir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../errors.ts";

/** The user's home folder; undefined for a user that the system doesn't know, without HOME. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * `~` and `~/photos` as a shell would have expanded them.
 *
 * @param what has that name, for what is said
 * @throws ConfigError where it begins so and this user has no home folder
 */
export function expandHome(name: string, what: string): string {
  if (name !== "~" && !name.startsWith("~/")) return name;
  const home = homeFolder();
  if (home !== undefined) return join(home, name.slice(1));
  throw new ConfigError(
    `${what}: expected one without ~, for this user has no home folder, got "${name}". Write the folder out, or set HOME.`,
  );
}
