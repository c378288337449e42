import type { FileHandle } from "node:fs/promises";
import { columnsOf } from "./csv_cells.ts";
import { scanRows } from "./csv_scan.ts";
import { Numbers } from "./growing.ts";
import { readRange, withFile } from "./inside.ts";

const MOST_HEADER = 1 << 16;
const RATE = "train/images_per_second";

/** The values of a term: which rows have one, and what it is. */
export interface Column {
  readonly rows: Numbers;
  readonly values: Numbers;
}

/** The rows of a `metrics.csv` up to now, and the columns of it that were asked for. */
export interface Table {
  readonly steps: Numbers;
  readonly epochs: Numbers;
  /** Images trained on, divided by how many a second, summed up: times the batch size that is the time trained, in steps. */
  readonly trained: Numbers;
  readonly columns: ReadonlyMap<string, Column>;
}

/** What has been read of a file. */
class Read implements Table {
  readonly steps = new Numbers();
  readonly epochs = new Numbers();
  readonly trained = new Numbers();
  readonly columns = new Map<string, Column>();
  /** The byte after the last whole row, and the bytes before it. */
  end: number;
  before: Buffer;
  /** Of the last row with a rate. */
  private step = 0;
  private sum = 0;

  constructor(
    readonly ino: number,
    readonly header: Buffer,
  ) {
    this.end = header.length;
    this.before = header.subarray(-64);
  }

  addRow(step: number, epoch: number, rate: number | undefined): void {
    if (rate !== undefined && rate > 0) {
      this.sum += Math.max(0, step - this.step) / rate;
      this.step = step;
    }
    this.steps.push(step);
    this.epochs.push(epoch);
    this.trained.push(this.sum);
  }
}

/**
 * A `metrics.csv` that is read as far as it goes, and from there on the next time. It is read anew where it was written
 * anew, with more columns or by a run that was resumed at an earlier step. A last line that is not whole waits.
 */
export class MetricsFile {
  private read: Read | undefined;
  private busy: Promise<unknown> = Promise.resolve();

  /** @param root the folder that is shown, without links; `file` lies in it */
  constructor(
    private readonly root: string,
    private readonly file: string,
  ) {}

  /** The table with those of `terms` that the file has; undefined where there is no file, or it can't be read. */
  async table(terms: readonly string[]): Promise<Table | undefined> {
    const next = this.busy.then(() => withFile(this.root, this.file, (handle) => this.update(handle, terms)));
    this.busy = next;
    return next;
  }

  /** What it takes, in bytes. */
  get bytes(): number {
    if (this.read === undefined) return 0;
    const { steps, epochs, trained, columns } = this.read;
    const all = [steps, epochs, trained, ...[...columns.values()].flatMap((c) => [c.rows, c.values])];
    return all.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  private async update(handle: FileHandle, terms: readonly string[]): Promise<Table | undefined> {
    const { ino, size } = await handle.stat();
    if (this.read === undefined || !(await goesOn(this.read, handle, { ino, size }))) {
      const start = await readRange(handle, 0, Math.min(size, MOST_HEADER));
      this.read = new Read(ino, start.subarray(0, start.indexOf(10) + 1));
    }
    const { read } = this;
    const names = columnsOf(read.header.toString("latin1").trimEnd());
    const known = [...read.columns.keys()];
    const added = [...new Set(terms)].filter((name) => names.includes(name) && !known.includes(name));
    if (read.end > read.header.length && added.length > 0)
      await scan(read, handle, { from: read.header.length, to: read.end, names, terms: added, old: true });
    else for (const name of added) read.columns.set(name, { rows: new Numbers(), values: new Numbers() });
    await scan(read, handle, { from: read.end, to: size, names, terms: [...read.columns.keys()], old: false });
    return read;
  }
}

/** Whether the file begins with what was read of it. */
async function goesOn(read: Read, handle: FileHandle, now: { ino: number; size: number }): Promise<boolean> {
  if (read.ino !== now.ino || now.size < read.end || read.header.length === 0) return false;
  const header = await readRange(handle, 0, read.header.length);
  const before = await readRange(handle, read.end - read.before.length, read.end);
  return header.equals(read.header) && before.equals(read.before);
}

interface Scan {
  readonly from: number;
  readonly to: number;
  /** All columns of the file, and those that are read. */
  readonly names: readonly string[];
  readonly terms: readonly string[];
  /** Whether the rows are known, and only columns of them new. */
  readonly old: boolean;
}

async function scan(read: Read, handle: FileHandle, { from, to, names, terms, old }: Scan): Promise<void> {
  const columns = terms.map((): Column => ({ rows: new Numbers(), values: new Numbers() }));
  if (!old) terms.forEach((name, i) => void (columns[i] = read.columns.get(name)!));
  const rate = names.indexOf(RATE);
  const own = old ? 0 : rate < 0 ? 2 : 3;
  const wanted = [...[0, 1, rate].slice(0, own), ...terms.map((name) => names.indexOf(name))];
  let at = old ? 0 : read.steps.length;
  const { end, before } = await scanRows(handle, [from, to], wanted, (values, filled) => {
    if (!old) read.addRow(values[0]!, values[1]!, own === 3 && filled[2] ? values[2] : undefined);
    for (let i = 0; i < columns.length; i++) {
      if (!filled[own + i]) continue;
      columns[i]!.rows.push(at);
      columns[i]!.values.push(values[own + i]!);
    }
    at++;
  });
  if (old) terms.forEach((name, i) => void read.columns.set(name, columns[i]!));
  else if (end > from) Object.assign(read, { end, before });
}
