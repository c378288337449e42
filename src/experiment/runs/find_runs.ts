import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { isFolder } from "../../files/is_folder.ts";
import { didYouMean } from "../../text/suggest.ts";
import { isCheckpoint, isRun, runFiles, versionFolder, versionOf } from "./run_files.ts";

/** Path of the run of `name` with the highest version among those with a checkpoint; undefined: none has. */
export function newestRun(saveDir: string, name: string): string | undefined {
  const parent = join(saveDir, name);
  return runsIn(parent).findLast((path) => list(runFiles(path).checkpoints).some(isCheckpoint));
}

/** Paths of the runs `parent/version_N`, lowest N first. */
function runsIn(parent: string): string[] {
  return versions(parent).map((n) => versionFolder(parent, n));
}

export const nextVersion = (parent: string): number => 1 + (versions(parent).at(-1) ?? -1);

function versions(parent: string): number[] {
  return list(parent)
    .flatMap((entry) => versionOf(entry) ?? [])
    .sort((a, b) => a - b);
}

/** The runs in `path` or beside it, for who mistyped it. */
export function runsNear(path: string): string {
  const inside = (folder: string) =>
    list(folder)
      .map((name) => join(folder, name))
      .filter(isRun);
  const below = list(path).flatMap((name) => inside(join(path, name)));
  const runs = [inside(path), below, inside(dirname(path))].find((found) => found.length > 0);
  return runs === undefined ? "There are no runs near it; vae run makes one." : shown(runs);
}

/** The runs near `path`, or the one that it lies in, for who mistyped what to go on with. */
export function resumeAdvice(path: string): string {
  const around = [...upward(path)].slice(0, 3);
  const within = around.slice(1).find((folder) => isFolder(runFiles(folder).checkpoints));
  if (within !== undefined) return `Did you mean "${within}"?`;
  const others = list(dirname(dirname(path))).map((name) => join(dirname(dirname(path)), name));
  const runs = [runsIn(path), runsIn(dirname(path)), others.flatMap(runsIn)].find(
    (found) => found.length > 0,
  );
  if (runs === undefined) return "There are no runs near it; without --resume a new one is started.";
  return `${shown(runs)}${didYouMean(path, runs)}`;
}

const shown = (runs: readonly string[]): string =>
  `Runs there: ${runs.length > 10 ? "…, " : ""}${runs.slice(-10).join(", ")}.`;

/** `path` and the folders above it, nearest first. */
export function* upward(path: string): Generator<string> {
  yield path;
  for (let p = path; dirname(p) !== p; p = dirname(p)) yield dirname(p);
}

/** The names in `folder`; none where it is no folder. */
export const list = (folder: string): string[] => (isFolder(folder) ? readdirSync(folder) : []);
