import { join } from "node:path";
import { IMAGE_FILES, listImages } from "./files.ts";
import { isByFolder, partOfFolder } from "./split.ts";

/** What a folder of images is like, by its names and the heads of some of its files. */
export interface Look {
  readonly images: number;
  /** Heads that could be read, from all over the folder; these are of them. */
  readonly read: number;
  /** Shorter sides in pixels. */
  readonly least: number;
  readonly median: number;
  readonly most: number;
  readonly channels: 1 | 3;
  /** Names of the sub-folders that hold images, each a class; empty where some lie in none, or all in one. */
  readonly classes: readonly string[];
  /** Whether sub-folders are the splits. */
  readonly byFolder: boolean;
}

/** Files whose heads are read. */
const HEADS = 200;

/**
 * Looks at the images below `folder`; undefined: there are none.
 *
 * @throws DataError where it can't be listed
 */
export async function lookAtImages(folder: string): Promise<Look | undefined> {
  const { files } = await listImages(folder, [IMAGE_FILES]);
  if (files.length === 0) return undefined;
  const { default: sharp } = await import("sharp");
  const paths = files.map(({ path }) => path);
  const every = Math.max(1, Math.ceil(paths.length / HEADS));
  const heads = await Promise.all(
    paths
      .filter((_, i) => i % every === 0)
      .map((path) =>
        sharp(join(folder, path))
          .metadata()
          .catch(() => undefined),
      ),
  );
  const read = heads.flatMap((head) => (head?.width && head.height ? [head] : []));
  const sides = read.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const byFolder = isByFolder(paths, "auto");
  return {
    images: files.length,
    read: read.length,
    least: sides[0] ?? 0,
    median: sides[sides.length >> 1] ?? 0,
    most: sides.at(-1) ?? 0,
    channels: read.length > 0 && read.every(({ channels }) => (channels ?? 3) < 3) ? 1 : 3,
    classes: classesOf(byFolder ? paths.filter((path) => partOfFolder(path) !== undefined) : paths, byFolder),
    byFolder,
  };
}

function classesOf(paths: readonly string[], byFolder: boolean): string[] {
  const folders = paths.map((path) => path.split("/").slice(byFolder ? 1 : 0, -1)[0]);
  if (folders.includes(undefined)) return [];
  const names = [...new Set(folders as string[])].sort();
  return names.length > 1 && names.length < paths.length ? names : [];
}
