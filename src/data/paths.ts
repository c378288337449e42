import { readlink, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ConfigError, DataError } from "../errors.ts";
import type { OpenArgs } from "./dataset.ts";

/**
 * `data_params.data_path` as an absolute path that exists. `source`: a sentence that says where people get it.
 *
 * @throws ConfigError where it is not given, DataError where nothing is there; both say what should be there
 */
export async function dataPath(
  path: string | undefined,
  { baseDir }: Pick<OpenArgs, "baseDir">,
  expected: string,
  source = "",
): Promise<string> {
  const after = source && ` ${source}`;
  if (path === undefined) {
    throw new ConfigError(
      `data_params.data_path: expected ${expected}, got nothing. Give it in the config or as --set data_params.data_path=FOLDER.${after}`,
    );
  }
  const folder = resolve(baseDir, path);
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory()) return folder;
  const got = `"${path}", ${info ? "a file" : await whyMissing(folder)}`;
  const unpack = info && /\.(tar|tgz|zip|tar\.gz)$/i.test(path) ? " Unpack it and name the folder." : "";
  const where = info ? "" : ` (${folder}; the current folder is ${process.cwd()})`;
  throw new DataError(`data_params.data_path: expected ${expected}, got ${got}${where}.${unpack}${after}`);
}

async function whyMissing(path: string): Promise<string> {
  const target = await readlink(path).catch((error: NodeJS.ErrnoException) => error);
  if (!(target instanceof Error)) return `a link to "${target}", which does not exist`;
  return target.code === "EACCES" ? "for which there is no permission" : "which does not exist";
}

/** The first of `names` that is a file in one of `folders`. */
export async function findFile(
  folders: readonly string[],
  names: readonly string[],
): Promise<string | undefined> {
  for (const folder of folders) {
    for (const name of names) {
      const file = join(folder, name);
      if ((await stat(file).catch(() => undefined))?.isFile()) return file;
    }
  }
  return undefined;
}
