import { createHash } from "node:crypto";
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
}

/** The files below `folder` that fit one of `patterns`, whatever the case of their letters, in order of path. */
export async function listImages(folder: string, patterns: readonly string[]): Promise<ImageFile[]> {
  const { glob } = await import("glob");
  const found = await glob([...patterns], { cwd: folder, nodir: true, nocase: true, posix: true });
  const paths = [...new Set(found)].sort((a, b) => (a < b ? -1 : 1));
  const files: ImageFile[] = [];
  const look = async (i: number): Promise<ImageFile> => {
    const info = await stat(join(folder, paths[i]!)).catch(() => undefined);
    return { path: paths[i]!, size: info?.size ?? -1, mtime: info?.mtimeMs ?? 0 };
  };
  for await (const file of ordered(paths.length, 64, look)) files.push(file);
  return files;
}

export type Part = "train" | "val" | "test";

const FOLDERS: Readonly<Record<string, Part>> = {
  train: "train",
  val: "val",
  valid: "val",
  validation: "val",
  test: "test",
};

/** The part that a sub-folder's name stands for, if it does. */
export function partOfFolder(path: string): Part | undefined {
  const slash = path.indexOf("/");
  return slash < 0 ? undefined : FOLDERS[path.slice(0, slash).toLowerCase()];
}

/**
 * The part of an image by a hash of its path: with shares, a fixed part of all paths; more images move none.
 * The shares of val and test sum to at most 1.
 */
export function partByHash(path: string, shares: { readonly val: number; readonly test: number }): Part {
  const place = createHash("sha256").update(path).digest().readUInt32LE(0) / 2 ** 32;
  if (place < shares.test) return "test";
  return place < shares.test + shares.val ? "val" : "train";
}
