import { crc32 } from "node:zlib";

/** Bytes behind each record: the CRC-32 of it, little-endian. */
export const SEAL = 4;
/** Read at once, at most. */
const LONGEST = 4 << 20;
/** Bytes between two wanted records that are read along: what is left of a disk's time by another read is more. */
const GAP = 64 << 10;
/** Reads under way. */
const AT_ONCE = 8;

/** Packed records, `bytes` each, with their seals. */
export function sealed(records: Uint8Array, bytes: number): Buffer {
  const stride = bytes + SEAL;
  const count = records.length / bytes;
  const out = Buffer.allocUnsafe(count * stride);
  for (let i = 0; i < count; i++) {
    const record = records.subarray(i * bytes, (i + 1) * bytes);
    out.set(record, i * stride);
    out.writeUInt32LE(crc32(record), i * stride + bytes);
  }
  return out;
}

/** Where sealed records lie. */
export interface SealedRecords {
  /** Bytes of each without its seal. */
  readonly bytes: number;
  /** Records in a file; those of several are never read at once. */
  readonly perFile: number;
  /** `count` of them from number `first` on, with their seals. */
  read(first: number, count: number): Promise<Uint8Array>;
}

/** A record whose bytes are not those that were written. */
export class DamagedRecord extends Error {
  constructor(readonly row: number) {
    super(`record ${row} has a wrong checksum`);
  }
}

interface Run {
  /** Records `from` … `to` - 1 of the file. */
  readonly from: number;
  readonly to: number;
  /** Which of `rows` they have. */
  readonly first: number;
  readonly end: number;
}

/**
 * Has `take` look at the record of each of `rows`, the n-th of them; reads of rows that follow each other, or nearly, are one.
 *
 * @throws DamagedRecord where one is not what was written
 */
export async function eachRecord(
  { bytes, perFile, read }: SealedRecords,
  rows: ArrayLike<number>,
  take: (record: Uint8Array, n: number) => void,
): Promise<void> {
  const stride = bytes + SEAL;
  const runs = runsOf(rows, stride, perFile);
  const work = async () => {
    for (let run = runs.next(); !run.done; run = runs.next()) {
      const { from, to, first, end } = run.value;
      const found = await read(from, to - from);
      const view = new DataView(found.buffer, found.byteOffset, found.byteLength);
      for (let n = first; n < end; n++) {
        const at = (rows[n]! - from) * stride;
        const record = found.subarray(at, at + bytes);
        if (crc32(record) !== view.getUint32(at + bytes, true)) throw new DamagedRecord(rows[n]!);
        take(record, n);
      }
    }
  };
  const done = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  for (const result of done) if (result.status === "rejected") throw result.reason;
}

function* runsOf(rows: ArrayLike<number>, stride: number, perFile: number): Generator<Run, void, undefined> {
  const most = Math.max(1, Math.floor(LONGEST / stride));
  for (let first = 0; first < rows.length; ) {
    const from = rows[first]!;
    const fileEnd = (Math.floor(from / perFile) + 1) * perFile;
    let end = first + 1;
    for (; end < rows.length; end++) {
      const [row, before] = [rows[end]!, rows[end - 1]!];
      const isNear = row > before && (row - before - 1) * stride <= GAP;
      if (!isNear || row - from >= most || row >= fileEnd) break;
    }
    yield { from, to: rows[end - 1]! + 1, first, end };
    first = end;
  }
}
