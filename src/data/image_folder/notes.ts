import { counted } from "../../text/counted.ts";
import { endings, type Listing } from "./files.ts";
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
