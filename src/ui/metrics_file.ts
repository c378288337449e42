import type { FileHandle } from "node:fs/promises";
import { CsvPlace } from "./csv_place.ts";
import { scanRows } from "./csv_scan.ts";
import { Numbers } from "./growing.ts";
import { withFile } from "./inside.ts";

/** Step and epoch come before the terms. */
const KEYS = 2;
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
  /** Of the last row with a rate. */
  private step = 0;
  private sum = 0;

  constructor(readonly place: CsvPlace) {}

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
    if (this.read === undefined || !(await this.read.place.holds(handle)))
      this.read = new Read(await CsvPlace.of(handle));
    const { read } = this;
    const { place, columns } = read;
    const names = place.columns;
    const added = [...new Set(terms)].filter((name) => names.includes(name, KEYS) && !columns.has(name));
    for (const name of added) columns.set(name, { rows: new Numbers(), values: new Numbers() });
    if (place.end > place.rows && added.length > 0) await scanKnown(read, handle, added);
    await scanNew(read, handle);
    return read;
  }
}

/** Reads columns of the rows that are known. */
async function scanKnown(
  { place, columns }: Read,
  handle: FileHandle,
  terms: readonly string[],
): Promise<void> {
  const names = place.columns;
  const into = terms.map((name) => columns.get(name)!);
  let row = 0;
  await scanRows(
    handle,
    [place.rows, place.end],
    terms.map((name) => names.indexOf(name)),
    (values, filled) => {
      add(into, row++, { values, filled, from: 0 });
    },
  );
}

/** Reads the rows that were added, of all columns that are known. */
async function scanNew(read: Read, handle: FileHandle): Promise<void> {
  const { place, columns, steps } = read;
  const names = place.columns;
  const into = [...columns.values()];
  // A column that isn't there stands beyond the last one, where no cell is.
  const at = ["step", "epoch", RATE, ...columns.keys()].map((name) => {
    const i = names.indexOf(name);
    return i < 0 ? names.length : i;
  });
  const { size } = await handle.stat();
  const end = await scanRows(handle, [place.end, size], at, (values, filled) => {
    add(into, steps.length, { values, filled, from: 3 });
    read.addRow(values[0]!, values[1]!, filled[2] ? values[2] : undefined);
  });
  place.move(end);
}

/** Adds the cells of a row to their columns. */
function add(
  columns: readonly Column[],
  row: number,
  { values, filled, from }: { values: Float64Array; filled: Uint8Array; from: number },
): void {
  for (let i = 0; i < columns.length; i++) {
    if (!filled[from + i]) continue;
    columns[i]!.rows.push(row);
    columns[i]!.values.push(values[from + i]!);
  }
}
