import { readlink, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ConfigError, DataError } from "../errors.ts";
import type { OpenArgs } from "./dataset.ts";

/** Where `vae data fetch` puts a data set, in the folder of packed data. */
export const fetchedFolder = (cacheDir: string, name: string): string => join(cacheDir, "fetched", name);

/**
 * `data_params.data_path` as an absolute path that exists; where it is not given, that of the data set `fetchable` as
 * fetched, if it is. `source`: a sentence that says where people get it. `kind`: any, where a file
 * will do.
 *
 * @throws ConfigError where it is not given, DataError where nothing is there; both say what should be there
 */
export async function dataPath(
  path: string | undefined,
  { baseDir, cacheDir }: Pick<OpenArgs, "baseDir" | "cacheDir">,
  expected: string,
  source = "",
  fetchable?: string,
  kind: "folder" | "any" = "folder",
): Promise<string> {
  const after = source && ` ${source}`;
  if (path === undefined) {
    const fetched = fetchable && fetchedFolder(cacheDir, fetchable);
    if (fetched && (await stat(fetched).catch(() => undefined))?.isDirectory()) return fetched;
    const fetch = fetchable ? ` Or get it: vae data fetch ${fetchable}.` : "";
    throw new ConfigError(
      `data_params.data_path: expected ${expected}, got nothing. Give it in the config or as --set data_params.data_path=FOLDER.${fetch}${after}`,
    );
  }
  const folder = resolve(baseDir, path);
  const info = await stat(folder).catch(() => undefined);
  if (info?.isDirectory() || (kind === "any" && info?.isFile())) return folder;
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
