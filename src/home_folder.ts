import { homedir } from "node:os";

/** The user's home folder; undefined for a user that the system doesn't know, without HOME. */
export function homeFolder(): string | undefined {
  try {
    return homedir() || undefined;
  } catch {
    return undefined;
  }
}
