import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { download } from "../download/download.ts";
import { openHttp } from "../download/http.ts";
import { DataError, UserError } from "../errors.ts";
import { makeFolders, writeAtomic } from "../files/atomic_file.ts";
import { inCache } from "../files/cache_dir.ts";
import { hubEndpoint, isOffline } from "./endpoint.ts";
import { locateOnHub } from "./locate.ts";
import { lookUp } from "./look_up.ts";
import type { HubRepo } from "./repo.ts";

export interface SnapshotOptions {
  /** What the files are for: a word, by which the cache tells their choices apart. */
  readonly purpose: string;
  /** Which files are got. */
  wanted(path: string): boolean;
  /** Called before a file is got that is not there. */
  say?(text: string): void;
}

/**
 * The folder in the user's cache with a repository's files as of a revision: asked for at each call, so that it is the newest,
 * and got where they aren't there. A file is whole or not there, checked by the hub's hash where it has one, and goes on
 * where it ended. Without a network, or where HF_HUB_OFFLINE says so, the revision as it was got last.
 *
 * @throws DataError where there is no such repository, it may not be read, or nothing of it was ever got
 */
export async function hubSnapshot(
  { repo, revision }: HubRepo,
  { purpose, wanted, say }: SnapshotOptions,
): Promise<string> {
  const folder = inCache("hub", ...repo.split("/"));
  const ref = join(folder, "refs", purpose, revision.replaceAll("/", "_"));
  const known = existsSync(ref) ? join(folder, readFileSync(ref, "utf8").trim()) : undefined;
  if (isOffline()) {
    if (known !== undefined) return known;
    throw new DataError(
      `hf:${repo}: expected ${revision} in ${folder}, got nothing there, and HF_HUB_OFFLINE forbids to get it. Unset it once.`,
    );
  }
  try {
    const { sha, files } = await lookUp({ repo, revision });
    const place = join("snapshots", purpose, sha);
    for (const path of files.filter(wanted)) {
      const file = join(folder, place, ...path.split("/"));
      if (existsSync(file)) continue;
      say?.(`getting ${path} of ${repo}`);
      await getFile({ repo, revision: sha, path }, file);
    }
    await makeFolders(dirname(ref));
    await writeAtomic(ref, place);
    return join(folder, place);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { message, cause } = error as Error;
    const why = (cause instanceof Error ? cause.message : "") || message;
    if (known !== undefined) {
      say?.(`${hubEndpoint()} can't be reached (${why}): ${repo} is as it was got last`);
      return known;
    }
    throw new DataError(
      `hf:${repo}: could not be got from ${hubEndpoint()} (${why}). With a network try again.`,
      {
        cause: error,
      },
    );
  }
}

async function getFile(source: Parameters<typeof locateOnHub>[0], file: string): Promise<void> {
  const http = openHttp();
  try {
    await download({ ...(await locateOnHub(source)), file, http });
  } finally {
    await http.destroy();
  }
}
