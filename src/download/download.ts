import { createHash } from "node:crypto";
import { constants, createReadStream, existsSync } from "node:fs";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Dispatcher, request } from "undici";
import { DataError } from "../errors.ts";
import { cacheProblem } from "../files/cache_dir.ts";
import { writeAll } from "../files/positional_file.ts";
import { checkRoom } from "./disk.ts";
import { shownAddress, splitCredentials } from "./http.ts";
import { RangeReader, RangeRefused } from "./range_reader.ts";
import type { OnProgress } from "./unpack.ts";

export interface Download {
  readonly url: string;
  /** Where the file goes; what is under way lies beside it as `.part` and is taken up by the next download. */
  readonly file: string;
  /** SHA-256 in hexadecimal, or its first digits; left out where nobody states it. */
  readonly sha256?: string | undefined;
  /** MD5 in hexadecimal, where nobody states a SHA-256. */
  readonly md5?: string | undefined;
  /** Headers besides our own, sent to the host of `url` alone. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly http: Dispatcher;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Gets a file, whole and checked, or leaves none of that name. A broken connection is taken up where it broke, by a
 * later call too. Processes that get the same file at once write the same bytes to the same places.
 *
 * @throws DataError where the bytes are others than the hash says, UserError where the disk can't be written, else the
 * error of the connection
 */
export async function download(wanted: Download): Promise<void> {
  const { file } = wanted;
  await fill(wanted).catch((error) => {
    const moved = (error as NodeJS.ErrnoException).code === "ENOENT" && existsSync(file);
    if (!moved) throw error; // else another process had it whole first
  });
}

async function fill(wanted: Download): Promise<void> {
  const { file, sha256, md5 } = wanted;
  const hash = sha256 ?? md5;
  const algorithm = sha256 === undefined && md5 !== undefined ? "md5" : "sha256";
  const part = `${file}.part`;
  await mkdir(dirname(file), { recursive: true }).catch((error) => {
    throw cacheProblem(file, error);
  });
  const there = hash === undefined ? undefined : await stat(part).catch(() => undefined);
  const began = there?.size ?? 0; // 0 without a hash, which alone tells that both parts are of one file
  await receive(wanted, part, began);
  let got = await digest(part, wanted.signal, algorithm);
  if (began > 0 && hash !== undefined && !got.startsWith(hash)) {
    await receive(wanted, part, 0); // what lay there was the beginning of another file
    got = await digest(part, wanted.signal, algorithm);
  }
  if (hash !== undefined && !got.startsWith(hash)) {
    await rm(part, { force: true });
    const beginning = hash.length < got.length ? " beginning with" : "";
    throw new DataError(
      `${shownAddress(wanted.url)}: expected ${algorithm === "md5" ? "MD5" : "SHA-256"}${beginning} ${hash}, got ${got}: the download is damaged, or the server has another file now. Try again, or correct the hash.`,
    );
  }
  await rename(part, file);
}

/** Writes the file from byte `from` on into `part`; all of it where the server gives no ranges. */
async function receive(wanted: Download, part: string, from: number): Promise<void> {
  const { url, http, signal, headers } = wanted;
  const reader = new RangeReader(url, http, signal, headers);
  try {
    const size = await reader.open();
    const at = from > size ? 0 : from;
    await checkRoom(dirname(part), size - at);
    await write(reader._readStreamForRange(at, size), part, at, size, wanted);
  } catch (error) {
    if (!(error instanceof RangeRefused)) throw error;
    const { size, body } = await whole(wanted);
    await write(body, part, 0, size, wanted);
  }
}

async function write(
  source: AsyncIterable<Buffer>,
  part: string,
  from: number,
  size: number | undefined,
  { onProgress }: Download,
): Promise<void> {
  const handle = await open(part, constants.O_RDWR | constants.O_CREAT).catch((error) => {
    throw cacheProblem(part, error);
  });
  try {
    let at = from;
    for await (const chunk of source) {
      await writeAll(handle, chunk, at).catch((error) => {
        throw cacheProblem(part, error);
      });
      at += chunk.length;
      if (size !== undefined) onProgress?.({ done: at, total: size });
    }
    if (size !== undefined && at !== size)
      throw new Error(`the server ended early, at byte ${at} of ${size}`);
    await handle.truncate(at);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function whole({ url, http, signal, headers = {} }: Download) {
  const { url: plain, headers: credentials } = splitCredentials(url);
  const response = await request(plain, {
    dispatcher: http,
    signal: signal ?? null,
    headers: { ...credentials, ...headers, "accept-encoding": "identity" },
  });
  if (response.statusCode !== 200) {
    await response.body.dump();
    throw new Error(`the server answered ${response.statusCode}`);
  }
  const length = Number(response.headers["content-length"]);
  return { size: Number.isFinite(length) ? length : undefined, body: response.body };
}

/** The hash of a file's bytes, in hexadecimal. */
export async function digest(
  file: string,
  signal: AbortSignal | undefined,
  algorithm: "sha256" | "md5",
): Promise<string> {
  const hash = createHash(algorithm);
  await pipeline(createReadStream(file), hash, ...(signal === undefined ? [] : [{ signal }]));
  return hash.digest("hex");
}
