import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where a Python looks for packages, without importing any of them. */
const FOLDERS = "import json, sys; print(json.dumps(sys.path))";
/** A Python that takes longer to start is left out, in milliseconds. */
const LONGEST = 10_000;

/** Pythons that a user may have installed jax in: the activated environment's, then the one that `python3` starts. */
export function pythons(): string[] {
  const environments = [process.env.VIRTUAL_ENV, process.env.CONDA_PREFIX].filter((f) => f !== undefined);
  return [...environments.map((f) => join(f, "bin", "python3")).filter(existsSync), "python3"];
}

/** Folders that a Python takes packages from, in its order; none where it does not start. */
export function packageFolders(python: string): string[] {
  const { status, stdout } = spawnSync(python, ["-c", FOLDERS], { encoding: "utf8", timeout: LONGEST });
  if (status !== 0) return [];
  try {
    return (JSON.parse(stdout) as string[]).filter((folder) => folder !== "" && existsSync(folder));
  } catch {
    return [];
  }
}
