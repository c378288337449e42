/** The columns of a header line of `metrics.csv`. */
export const columnsOf = (line: string): string[] => (line === "" ? [] : line.replace(/\r$/, "").split(","));

/** The value of a cell: undefined where it is empty, NaN where it is no number. */
export const cellValue = (cell: string | undefined): number | undefined =>
  cell === undefined || cell === "" ? undefined : Number(cell);

/** Numbers of JSON: one that is not finite is null. */
export const jsonNumber = (value: number): number | null => (Number.isFinite(value) ? value : null);
