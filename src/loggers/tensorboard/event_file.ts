import { closeSync, fsyncSync, ftruncateSync, openSync, readdirSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Crc32c } from "@aws-crypto/crc32c";
import { writeAtomicSync, writeProblem } from "../../files/atomic_file.ts";

/** Longest time that a record waits in memory, in milliseconds. */
const FLUSH_AFTER = 2000;

const NAME = /^events\.out\.tfevents\.(\d+)\./;

/**
 * A new TFRecord file in `folder`, named so that TensorBoard reads it after those that are there. A record
 * is: length (uint64), masked CRC-32C of the length, the bytes, masked CRC-32C of the bytes; little-endian.
 */
export class EventFile {
  readonly path: string;
  private fd: number | undefined;
  /** Bytes of whole records in the file. */
  private size = 0;
  private pending: Uint8Array[] = [];
  private timer: NodeJS.Timeout | undefined;
  private failure: unknown;

  /** @throws UserError where the file can't be made. */
  constructor(folder: string) {
    // TensorBoard reads a folder's files in the order of their names, by character
    const seconds = Math.max(Math.floor(Date.now() / 1000), newest(folder) + 1);
    const host = hostname().replace(/[^\w-]/g, "_");
    this.path = join(
      folder,
      `events.out.tfevents.${String(seconds).padStart(10, "0")}.${host}.${process.pid}`,
    );
    try {
      this.fd = openSync(this.path, "wx");
    } catch (error) {
      throw writeProblem(this.path, error);
    }
  }

  /** Adds a record, which is in the file two seconds later, or at `flush` or `close`. */
  write(record: Uint8Array): void {
    if (this.fd === undefined) throw new Error(`${this.path}: written to after close`);
    this.pending.push(frame(record));
    if (this.failure !== undefined) this.flush();
    this.timer ??= setTimeout(() => {
      try {
        this.flush();
      } catch {} // nobody to throw to here: the next call tries again
    }, FLUSH_AFTER).unref();
  }

  /** Puts all records on the disk, as `flush`, so that a power failure leaves them. */
  sync(): void {
    this.flush();
    try {
      if (this.fd !== undefined) fsyncSync(this.fd);
    } catch (error) {
      throw writeProblem(this.path, error);
    }
  }

  /** Hands all records to the system. @throws UserError where the disk is full; the records are kept. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.pending.length === 0 || this.fd === undefined) return;
    const bytes = Buffer.concat(this.pending);
    try {
      for (let at = 0; at < bytes.length; )
        at += writeSync(this.fd, bytes, at, bytes.length - at, this.size + at);
    } catch (error) {
      this.failure = error;
      try {
        ftruncateSync(this.fd, this.size); // no half record before the next
      } catch {} // the same fault
      throw writeProblem(this.path, error);
    }
    this.size += bytes.length;
    this.pending = [];
    this.failure = undefined;
  }

  /** Closes it without the records that are not in it yet. */
  abandon(): void {
    this.pending = [];
    this.close();
  }

  close(): void {
    try {
      this.flush();
    } finally {
      if (this.fd !== undefined) closeSync(this.fd);
      this.fd = undefined;
    }
  }
}

/**
 * Writes a file of these records alone, in place of one that is there, that TensorBoard reads before all others of
 * `folder`: of a tag's metadata it takes the first.
 *
 * @throws UserError where it can't be written
 */
export function writeFirstEvents(folder: string, records: readonly Uint8Array[]): void {
  writeAtomicSync(join(folder, "events.out.tfevents.0000000000.settings"), Buffer.concat(records.map(frame)));
}

/** Seconds in the name of the newest event file of `folder`, 0 where there is none. */
function newest(folder: string): number {
  const seconds = readdirSync(folder).flatMap((name) => NAME.exec(name)?.[1] ?? []);
  return Math.max(0, ...seconds.map(Number));
}

function frame(record: Uint8Array): Buffer {
  const framed = Buffer.alloc(12 + record.length + 4);
  framed.writeBigUInt64LE(BigInt(record.length), 0);
  framed.writeUInt32LE(maskedCrc(framed.subarray(0, 8)), 8);
  framed.set(record, 12);
  framed.writeUInt32LE(maskedCrc(record), 12 + record.length);
  return framed;
}

/** CRC-32C, rotated and shifted: a CRC of bytes that hold their own CRC would be weak. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = new Crc32c().update(bytes).digest();
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
