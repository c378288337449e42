import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { constants, gunzip } from "node:zlib";
import { DataError } from "../errors.ts";

/** Unsigned bytes with their sizes, the kind of IDX file that MNIST and its like are. */
export interface Idx {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

const inflate = promisify(gunzip);
const UBYTE = 0x08;
/** Deflate's best: a match of 258 bytes in two bits. */
const BEST_RATIO = 1032;
const LONGEST_HEADER = 4 + 4 * 255;
/** What is read at most: MNIST's training images are 47 MB, and a gzip file can promise a thousand times its size. */
const MAX_BYTES = 2 ** 30;

/**
 * The content of an IDX file of unsigned bytes with `rank` dimensions, gzipped (by its first bytes, not its
 * name) or not. What the header promises bounds what is unpacked.
 *
 * @throws DataError where it is of another kind, cut short, too long or damaged
 */
export async function readIdx(file: string, rank: number): Promise<Idx> {
  const bytes = await readFile(file).catch((error: Error) => {
    throw new DataError(`${file}: can't be read: ${error.message}`, { cause: error });
  });
  const zipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const start = zipped ? await unzip(file, bytes.subarray(0, 4096), LONGEST_HEADER, true) : bytes;
  const shape = header(file, start, rank);
  const offset = 4 + 4 * rank;
  const expected = offset + shape.reduce((a, b) => a * b, 1);
  const most = zipped ? bytes.length * BEST_RATIO : bytes.length;
  const promise = `its header promises ${shape.join("x")} values, ${expected} bytes in all`;
  const remedy = "Download it again.";
  if (expected > most) {
    const size = zipped ? `${bytes.length} bytes, zipped` : `${bytes.length} bytes`;
    throw new DataError(`${file}: cut short: ${promise}, got a file of ${size}. ${remedy}`);
  }
  if (expected > MAX_BYTES)
    throw new DataError(`${file}: ${promise}; at most ${MAX_BYTES} bytes are read. Is it such a file?`);
  const all = zipped ? await unzip(file, bytes, expected + 1, false) : bytes;
  if (all.length < expected) {
    throw new DataError(`${file}: cut short: ${promise}, got ${all.length}. ${remedy}`);
  }
  if (all.length > expected) throw new DataError(`${file}: too long: ${promise}, got more. ${remedy}`);
  return { shape, data: all.subarray(offset) };
}

function header(file: string, bytes: Uint8Array, rank: number): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = [0, 0, UBYTE, rank];
  if (bytes.length < 4 + 4 * rank || kind.some((byte, i) => bytes[i] !== byte)) {
    const got = bytes.length === 0 ? "an empty file" : Buffer.from(bytes.subarray(0, 4)).toString("hex");
    throw new DataError(
      `${file}: expected an IDX file of unsigned bytes with ${rank} dimension${rank > 1 ? "s" : ""} (it starts ${Buffer.from(kind).toString("hex")}), got ${got}.`,
    );
  }
  return Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
}

/** At most `most` unpacked bytes; of a file's `start` alone those that are there. */
async function unzip(file: string, bytes: Uint8Array, most: number, start: boolean): Promise<Uint8Array> {
  try {
    if (!start) return await inflate(bytes, { maxOutputLength: most });
    return await inflate(bytes, {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: bytes.length * BEST_RATIO + LONGEST_HEADER,
    });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = code === "ERR_BUFFER_TOO_LARGE" ? "it holds more than its header promises" : message;
    throw new DataError(`${file}: damaged gzip file: ${what}. Download it again.`, { cause: error });
  }
}
