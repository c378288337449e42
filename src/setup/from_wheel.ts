import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import yauzl from "yauzl";
import { checkRoom } from "../download/disk.ts";
import { openHttp } from "../download/http.ts";
import { RangeReader } from "../download/range_reader.ts";
import { type OnProgress, unpack } from "../download/unpack.ts";
import { DataError, UserError } from "../errors.ts";
import type { Platform } from "./platform.ts";
import { readWheel } from "./wheel.ts";

export interface Taking {
  readonly platform: Platform;
  /** Where the library's files go. */
  readonly folder: string;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was taken out of a wheel. */
export interface Taken {
  readonly version: string;
  /** Bytes by file name. */
  readonly files: Readonly<Record<string, number>>;
}

/**
 * The library out of a wheel on disk. `sha256` is checked first, where it is known.
 *
 * @throws UserError where the wheel is missing, damaged or another, or the disk full
 */
export async function fromFile(file: string, taking: Taking, sha256?: string): Promise<Taken> {
  try {
    if (sha256 !== undefined) await checkSha256(file, sha256, taking.signal);
    const handle = await open(file);
    try {
      return await take(await yauzl.fromFdPromise(handle.fd, { autoClose: false }), file, taking);
    } finally {
      await handle.close().catch(() => {});
    }
  } catch (error) {
    if (error instanceof UserError || taking.signal?.aborted) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR")
      throw new DataError(`${file}: no such file.`, { cause: error });
    if (code === "EACCES") throw new DataError(`${file}: no permission to read it.`, { cause: error });
    if (code === "EISDIR")
      throw new DataError(`${file}: expected a wheel, got a folder. Name the .whl file in it.`, {
        cause: error,
      });
    throw new DataError(
      `${file}: expected a wheel (a zip archive), got a damaged or another file (${message}).`,
      {
        cause: error,
      },
    );
  }
}

/** The library out of a wheel on a server; only what is needed is read. @throws what the way there throws */
export async function fromServer(url: string, taking: Taking): Promise<Taken> {
  const http = openHttp();
  try {
    const reader = new RangeReader(url, http, taking.signal);
    const size = await reader.open();
    return await take(
      await yauzl.fromRandomAccessReaderPromise(reader, size, { autoClose: false }),
      nameOf(url),
      taking,
    );
  } finally {
    await http.destroy();
  }
}

async function take(zip: yauzl.ZipFile, name: string, { platform, folder, ...rest }: Taking): Promise<Taken> {
  const { version, entries, bytes } = await readWheel(zip, name, platform);
  await checkRoom(dirname(folder), bytes);
  return { version, files: await unpack(zip, entries, { archive: basename(name), folder, ...rest }) };
}

/** @throws DataError where a file has another hash than `expected` */
export async function checkSha256(
  file: string,
  expected: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash, ...(signal === undefined ? [] : [{ signal }]));
  const got = hash.digest("hex");
  if (got === expected) return;
  throw new DataError(
    `${basename(file)}: expected SHA-256 ${expected}, got ${got}: the download is damaged, or a mirror serves another file. Try again.`,
  );
}

const nameOf = (url: string): string => basename(new URL(url).pathname);
