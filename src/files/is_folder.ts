import { statSync } from "node:fs";

/** Whether `path` is a folder; false where it is missing or can't be looked at. */
export function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch {
    return false;
  }
}
