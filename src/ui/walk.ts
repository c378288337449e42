import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isRun } from "../experiment/runs/run_files.ts";
import { DEPTH, foldersIn } from "../experiment/runs/summary.ts";

/**
 * Every run in `folder` and below, as `findRuns`, without holding up who else is served: a network drive may take seconds.
 * A folder that can't be read has none.
 */
export async function walkRuns(folder: string, depth = DEPTH): Promise<string[]> {
  if (isRun(folder)) return [folder];
  if (depth === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const below = foldersIn(entries).map((name) => walkRuns(join(folder, name), depth - 1));
  return (await Promise.all(below)).flat();
}
