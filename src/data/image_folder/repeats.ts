import { join } from "node:path";
import { counted } from "../../text/counted.ts";
import type { ImageFile, Listing } from "./files.ts";
import { type Part, partOfFolder } from "./split.ts";
import { printable } from "./words.ts";

/** Who keeps a file that links put into several splits: what is held out stays held out. */
const KEEPS: readonly (Part | undefined)[] = ["test", "val", "train", undefined];

/**
 * Each real file once: of several names the one in the split that keeps it, then the one that is no link's, then the
 * first. Sentences say what became of the others.
 */
export function eachOnce(
  { root, files }: Pick<Listing, "root" | "files">,
  byFolder: boolean,
): { files: ImageFile[]; notes: string[] } {
  const partOf = ({ path }: ImageFile) => (byFolder ? partOfFolder(path) : undefined);
  const rank = (file: ImageFile) => 2 * KEEPS.indexOf(partOf(file)) + (file.real === undefined ? 0 : 1);
  const kept = new Map<string, ImageFile>();
  const shared = new Map<string, { count: number; first: string }>();
  let links = 0;
  const drop = (file: ImageFile, keeper: ImageFile) => {
    const [from, to] = [partOf(file), partOf(keeper)];
    if (from === to || from === undefined) links++;
    else {
      const between = `${to} and not in ${from}`;
      const { count, first } = shared.get(between) ?? { count: 0, first: keeper.path };
      shared.set(between, { count: count + 1, first });
    }
  };
  for (const file of files) {
    const real = realOf(root, file);
    const other = kept.get(real);
    if (other === undefined) kept.set(real, file);
    else if (rank(file) < rank(other)) {
      kept.set(real, file);
      drop(other, file);
    } else drop(file, other);
  }
  return {
    files:
      kept.size === files.length ? [...files] : files.filter((file) => kept.get(realOf(root, file)) === file),
    notes: [
      ...[...shared].map(
        ([between, { count, first }]) =>
          `${counted(count, "image")} in two splits by links, kept in ${between}, such as ${printable(first)}`,
      ),
      ...(links > 0
        ? [`${counted(links, "link")} left out for leading to images that are read already`]
        : []),
    ],
  };
}

const realOf = (root: string, { path, real }: ImageFile): string => real ?? join(root, path);
