import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import type yauzl from "yauzl";
import { DataError } from "../errors.ts";
import { writeProblem } from "../files/atomic_file.ts";

/** Bytes of a download or of what is unpacked. */
export type OnProgress = (progress: { readonly done: number; readonly total: number }) => void;

export interface Unpacking {
  /** What the archive is called in errors. */
  readonly archive: string;
  readonly folder: string;
  /** Keep the members' own folders, instead of their names alone. */
  readonly paths?: boolean;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sizes by file name of `entries`, unpacked as a stream into `folder` without their own folders (unless `paths`), each
 * checked against its CRC-32 and synced; what may be executed may be so here. Progress counts compressed bytes.
 *
 * @throws DataError where a member is damaged, UserError where the folder can't be written
 */
export async function unpack(
  zip: yauzl.ZipFile,
  entries: readonly yauzl.Entry[],
  { archive, folder, paths = false, onProgress, signal }: Unpacking,
): Promise<Record<string, number>> {
  const total = entries.reduce((sum, e) => sum + e.compressedSize, 0);
  const sizes: Record<string, number> = {};
  let before = 0;
  for (const entry of entries) {
    const name = paths ? entry.fileName : entry.fileName.slice(entry.fileName.lastIndexOf("/") + 1);
    const file = join(folder, name);
    if (paths) await mkdir(dirname(file), { recursive: true });
    let crc = 0;
    let size = 0;
    const check = async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        crc = crc32(chunk, crc);
        size += chunk.length;
        const share = entry.uncompressedSize === 0 ? 1 : size / entry.uncompressedSize;
        onProgress?.({ done: before + Math.round(share * entry.compressedSize), total });
        yield chunk;
      }
    };
    const source: Readable = await zip.openReadStreamPromise(entry);
    const sink = createWriteStream(file, { flags: "wx", flush: true, mode: modeOf(entry) });
    await pipeline(source, check, sink, ...(signal === undefined ? [] : [{ signal }])).catch((error) => {
      throw writeProblem(file, error);
    });
    if (crc !== entry.crc32) {
      throw new DataError(
        `${archive}: ${name} is damaged: expected CRC-32 ${hex(entry.crc32)}, got ${hex(crc)}. Get it again.`,
      );
    }
    sizes[name] = size;
    before += entry.compressedSize;
  }
  return sizes;
}

/** Of a file that is made, which the process's mask narrows. */
const modeOf = ({ externalFileAttributes }: yauzl.Entry): number =>
  (externalFileAttributes >>> 16) & 0o100 ? 0o777 : 0o666;

const hex = (x: number): string => x.toString(16).padStart(8, "0");
