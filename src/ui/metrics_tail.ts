import type { FileHandle } from "node:fs/promises";
import { cellValue, columnsOf } from "./csv_cells.ts";
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
  /** All rows of validations, oldest first; undefined where the file is too long to be read for that. */
  readonly validations: readonly ReadonlyMap<string, number>[] | undefined;
  /** Whether the last row of training has a value that is not finite. */
  readonly diverged: boolean;
}

const MOST_HEADER = 1 << 16;
/** Files up to so many bytes are read whole. */
const WHOLE = 1 << 17;
/** So much of a longer one's end is read: the more where no validation is in the less. */
const ENDS = [1 << 16, 1 << 20];

/** The end of the `metrics.csv` open as `handle`; a last line that is not whole yet is not there. */
export async function readTail(handle: FileHandle): Promise<MetricsTail> {
  const { size } = await handle.stat();
  if (size <= WHOLE) {
    const [header = "", ...rows] = wholeLines(await readRange(handle, 0, size));
    return tailOf(columnsOf(header), rows, true);
  }
  const columns = columnsOf(wholeLines(await readRange(handle, 0, MOST_HEADER))[0] ?? "");
  for (const length of ENDS) {
    const rows = wholeLines(await readRange(handle, Math.max(0, size - length), size)).slice(1); // the first is cut
    const tail = tailOf(columns, rows, false);
    if (tail.last.size > 0 || length === ENDS.at(-1)) return tail;
  }
  throw new Error("no end to read");
}

/** The lines of a text that end with a newline. */
export function wholeLines(bytes: Buffer): string[] {
  const end = bytes.lastIndexOf(10);
  return end < 0 ? [] : bytes.toString("latin1", 0, end).split("\n");
}

function tailOf(columns: readonly string[], rows: readonly string[], whole: boolean): MetricsTail {
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
    validations: whole ? validations : undefined,
    diverged: values.some((value) => value !== undefined && !Number.isFinite(value)),
  };
}
