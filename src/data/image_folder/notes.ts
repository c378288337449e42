import { extname } from "node:path";
import { counted } from "../../text/counted.ts";
import type { Listing } from "./listing.ts";
import { theFirst } from "./words.ts";

/** What of a folder isn't read, a sentence each; `by` is what chooses among its files. */
export function notesOf({ others, closed, dangling, again }: Listing, by?: string): string[] {
  const note = (names: readonly string[], say: (count: (what: string) => string) => string) =>
    names.length > 0 ? [say((what) => counted(names.length, what)) + theFirst(names)] : [];
  const chosen = by === undefined ? "" : ` (${by})`;
  return [
    ...note(others, (count) => `${count("other file")} left out${chosen}: ${endings(others)}`),
    ...note(closed, (count) => `${count("sub-folder")} left out, for want of permission to list them`),
    ...note(dangling, (count) => `${count("link")} left out for leading nowhere`),
    ...note(again, (count) => `${count("link")} left out for leading to folders that are read already`),
  ];
}

/** `3 .bmp, 1 .heic`: how many files there are of each ending, the most first. */
function endings(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const ending = extname(path).toLowerCase() || "without an ending";
    counts.set(ending, (counts.get(ending) ?? 0) + 1);
  }
  const most = [...counts].sort((a, b) => b[1] - a[1]);
  const rest = most.slice(6).reduce((sum, [, count]) => sum + count, 0);
  const shown = most.slice(0, 6).map(([ending, count]) => `${count} ${ending}`);
  return [...shown, ...(rest > 0 ? [`${rest} of other endings`] : [])].join(", ");
}
