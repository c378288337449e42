import type { FileHandle } from "node:fs/promises";
import { columnsOf } from "./csv_cells.ts";
import { readRange } from "./inside.ts";

const MOST_HEADER = 1 << 16;

/** How far a `metrics.csv` has been read, so that the next time what was added is enough. */
export class CsvPlace {
  /** The byte after the last whole row that was read, and the bytes before it. */
  end: number;
  private before: Buffer;

  private constructor(
    private readonly ino: number,
    private readonly header: Buffer,
  ) {
    this.end = header.length;
    this.before = header.subarray(-64);
  }

  /** Its start. */
  static async of(handle: FileHandle): Promise<CsvPlace> {
    const { ino, size } = await handle.stat();
    const start = await readRange(handle, 0, Math.min(size, MOST_HEADER));
    return new CsvPlace(ino, start.subarray(0, start.indexOf(10) + 1));
  }

  get columns(): string[] {
    return columnsOf(this.header.toString("latin1").trimEnd());
  }

  /** The byte at which rows begin. */
  get rows(): number {
    return this.header.length;
  }

  move({ end, before }: { end: number; before: Buffer }): void {
    if (end === this.end) return;
    this.end = end;
    this.before = before;
  }

  /** Whether the file begins with what was read: it is written anew with more columns, and by resumed runs. */
  async holds(handle: FileHandle): Promise<boolean> {
    const { ino, size } = await handle.stat();
    if (this.ino !== ino || size < this.end || this.header.length === 0) return false;
    const header = await readRange(handle, 0, this.header.length);
    const before = await readRange(handle, this.end - this.before.length, this.end);
    return header.equals(this.header) && before.equals(this.before);
  }
}
