import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ordered } from "../ordered.ts";

export interface ImageFile {
  /** Relative to data_path, with forward slashes. */
  readonly path: string;
  /** Bytes; -1 where the file can't be looked at. */
  readonly size: number;
  /** Last change, in milliseconds since 1970. */
  readonly mtime: number;
  /** Who may read it: a file that was skipped is tried again after its permissions change. */
  readonly readable: number;
}

/** The files below `folder` that fit one of `patterns`, whatever the case of their letters, in order of path. */
export async function listImages(folder: string, patterns: readonly string[]): Promise<ImageFile[]> {
  const { glob } = await import("glob");
  const found = await glob([...patterns], { cwd: folder, nodir: true, nocase: true, posix: true });
  const paths = [...new Set(found)].sort((a, b) => (a < b ? -1 : 1));
  const files: ImageFile[] = [];
  const look = async (i: number): Promise<ImageFile> => {
    const info = await stat(join(folder, paths[i]!)).catch(() => undefined);
    return {
      path: paths[i]!,
      size: info?.size ?? -1,
      mtime: info?.mtimeMs ?? 0,
      readable: (info?.mode ?? 0) & 0o444,
    };
  };
  for await (const file of ordered(paths.length, 64, look)) files.push(file);
  return files;
}
