import { existsSync } from "node:fs";
import { basename } from "node:path";
import { download } from "../../download/download.ts";
import { openHttp } from "../../download/http.ts";
import type { OnProgress } from "../../download/unpack.ts";
import { DataError, UserError } from "../../errors.ts";
import { hubUrl, locateOnHub } from "../../hub/locate.ts";
import type { RemoteSource } from "./source.ts";

export interface Fetching {
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The file of a source in the user's cache, got where it is not there.
 *
 * @throws DataError that says which file is missing, where it comes from and where to put it
 */
export async function fetchWeights(source: RemoteSource, fetching: Fetching = {}): Promise<string> {
  const { file } = source;
  if (existsSync(file)) return file;
  const http = openHttp();
  try {
    const place = source.kind === "url" ? source : await locateOnHub(source);
    await download({ ...place, file, http, ...fetching });
    return file;
  } catch (error) {
    fetching.signal?.throwIfAborted();
    if (error instanceof UserError) throw error;
    throw new DataError(
      `${basename(file)} is missing and could not be got from ${shownUrl(source)} (${reasonOf(error as Error)}). ` +
        `With a network try again, which goes on where it ended; or get it elsewhere and put it there: ${file}`,
      { cause: error },
    );
  } finally {
    await http.destroy();
  }
}

function shownUrl(source: RemoteSource): string {
  if (source.kind === "hub") return hubUrl(source);
  const url = new URL(source.url);
  url.username = "";
  url.password = "";
  return url.href;
}

/** undici's `fetch failed` has the reason as its cause. */
function reasonOf(error: Error): string {
  const { cause } = error;
  const inner = cause instanceof Error ? cause : error;
  return inner.message || (inner as NodeJS.ErrnoException).code || inner.name;
}
