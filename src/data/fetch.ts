import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Dispatcher } from "undici";
import { digest, download } from "../download/download.ts";
import { serverAddress, shownAddress } from "../download/http.ts";
import type { OnProgress } from "../download/unpack.ts";
import { DataError, UserError } from "../errors.ts";
import { bytesText } from "../text/numbers.ts";
import type { DatasetDefinition, PublishedFile } from "./define.ts";

/** Names servers to ask before the published ones, with spaces between: FILE is asked for as SERVER/NAME/FILE. */
export const MIRROR = "TFJS_VAE_DATA_MIRROR";

export interface Fetching {
  /** Where the files go. */
  readonly folder: string;
  readonly http: Dispatcher;
  /** A sentence for the user. */
  readonly say: (text: string) => void;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Gets the files of a data set as they are published, each whole and checked; those that are there already are checked
 * too. What breaks off is taken up by the next call. Returns how many were got.
 *
 * @throws DataError where one can't be had, with what to get by hand; UserError where the disk can't be written
 */
export async function fetchDataset(definition: DatasetDefinition, options: Fetching): Promise<number> {
  const { published, name } = definition;
  if (published === undefined)
    throw new DataError(`${name}: nothing of it is to be got: ${definition.summary}`);
  if (published.terms) options.say(published.terms);
  let got = 0;
  for (const file of published.files) {
    const path = join(options.folder, file.name);
    if (await isThere(path, file, options.signal)) {
      options.say(`${file.name} is there already.`);
      continue;
    }
    await fetchFile(name, file, path, options);
    got++;
  }
  return got;
}

async function isThere(path: string, file: PublishedFile, signal: AbortSignal | undefined): Promise<boolean> {
  const { bytes, sha256, md5 } = file;
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return false;
  const hash = sha256 ?? md5;
  const sized = bytes === undefined || info.size === bytes;
  if (sized && (hash === undefined || (await digest(path, signal, sha256 ? "sha256" : "md5")) === hash))
    return true;
  throw new DataError(
    `${path}: expected the published file (${identity(file)}), got another one of ${info.size} bytes. Move it away, and fetch again.`,
  );
}

async function fetchFile(name: string, file: PublishedFile, path: string, options: Fetching): Promise<void> {
  const { http, say, onProgress, signal } = options;
  const mirrors = (process.env[MIRROR] ?? "").split(/\s+/).filter((server) => server !== "");
  const urls = [
    ...mirrors.map((server) => `${serverAddress(MIRROR, server)}/${name}/${file.name}`),
    ...file.urls,
  ];
  const failed: string[] = [];
  for (const url of urls) {
    say(`${file.name}${file.bytes ? ` (${bytesText(file.bytes)})` : ""} from ${new URL(url).host}`);
    try {
      const { sha256, md5 } = file;
      await download({ url, file: path, sha256, md5, http, onProgress, signal });
      if (sha256 === undefined && md5 === undefined)
        say(
          `${file.name}: SHA-256 ${await digest(path, signal, "sha256")}; nobody states another to compare with.`,
        );
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof UserError && !(error instanceof DataError)) throw error; // as the full disk
      failed.push(
        error instanceof DataError ? error.message : `${shownAddress(url)}: ${reason(error as Error)}.`,
      );
    }
  }
  throw new DataError(
    [
      `${name}: ${file.name} can't be got:`,
      ...failed.map((why) => `  ${why}`),
      `Get ${file.urls[0]} by hand (${identity(file)}) and put it into ${options.folder}; or name a server that has it in ${MIRROR}, as SERVER/${name}/${file.name}.`,
    ].join("\n"),
  );
}

const identity = ({ bytes, sha256, md5 }: Pick<PublishedFile, "bytes" | "sha256" | "md5">): string =>
  [
    ...(bytes === undefined ? [] : [`${bytes} bytes`]),
    ...(sha256 ? [`SHA-256 ${sha256}`] : md5 ? [`MD5 ${md5}`] : ["no hash is published"]),
  ].join(", ");

/** `ENOTFOUND`, or what the error says. */
function reason(error: Error): string {
  const { code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  return code ?? cause?.code ?? error.message;
}
