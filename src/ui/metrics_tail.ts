import type { FileHandle } from "node:fs/promises";
import { cellValue } from "./csv_cells.ts";
import { CsvPlace } from "./csv_place.ts";
import { readRange } from "./inside.ts";

/** What the first line and the end of a `metrics.csv` tell. */
export interface MetricsTail {
  /** Without step and epoch. */
  readonly terms: readonly string[];
  /** Of the last row. */
  readonly step: number;
  readonly epoch: number;
  /** The last value of each column that begins with `val/`, by its name without that. */
  readonly last: ReadonlyMap<string, number>;
  /** Whether the last row of training has a value that is not finite. */
  readonly diverged: boolean;
}

/** So much of a file's end is read: the more where no validation is in the less. */
const ENDS = [1 << 15, 1 << 18, 1 << 20];

/** The end of the `metrics.csv` open as `handle`; a last line that is not whole yet is not there. */
export async function readTail(handle: FileHandle): Promise<MetricsTail> {
  const { size } = await handle.stat();
  const { columns } = await CsvPlace.of(handle);
  for (const length of ENDS) {
    const from = Math.max(0, size - length);
    const rows = wholeLines(await readRange(handle, from, size)).slice(1); // the first is cut, or the columns' names
    const tail = tailOf(columns, rows);
    if (tail.last.size > 0 || from === 0 || length === ENDS.at(-1)) return tail;
  }
  throw new Error("no end to read");
}

/** The lines of a text that end with a newline. */
function wholeLines(bytes: Buffer): string[] {
  const end = bytes.lastIndexOf(10);
  return end < 0 ? [] : bytes.toString("latin1", 0, end).split("\n");
}

function tailOf(columns: readonly string[], rows: readonly string[]): MetricsTail {
  const validations: Map<string, number>[] = [];
  let training: readonly string[] = [];
  const at = columns.flatMap((name, i) => (name.startsWith("val/") ? [[name.slice(4), i] as const] : []));
  for (const row of rows) {
    const cells = row.split(",");
    const values = at.flatMap(([name, i]) => {
      const value = cellValue(cells[i]);
      return value === undefined ? [] : [[name, value] as const];
    });
    if (values.length > 0) validations.push(new Map(values));
    else training = cells;
  }
  const [step, epoch] = (rows.at(-1) ?? "").split(",", 2).map(Number);
  const values = training.slice(2).map(cellValue);
  return {
    terms: columns.slice(2),
    step: step || 0,
    epoch: epoch || 0,
    last: new Map(validations.flatMap((row) => [...row])),
    diverged: values.some((value) => value !== undefined && !Number.isFinite(value)),
  };
}
