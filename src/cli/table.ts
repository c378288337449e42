/** Rows as lines of text, columns as wide as they must be: numbers to the right, text to the left. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows.map((row) => row.map(cellText))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const right = header.map((_, column) => rows.some((row) => typeof row[column] === "number"));
  const line = (row: readonly string[]) =>
    row.map((cell, c) => (right[c] ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!))).join("  ");
  return cells.map((row) => line(row).trimEnd()).join("\n");
}

/** Four digits, integers whole; `–` where a number is missing. */
function cellText(cell: string | number): string {
  if (typeof cell === "string") return cell;
  if (Number.isNaN(cell)) return "–";
  return Number.isInteger(cell) || Math.abs(cell) >= 1000
    ? cell.toFixed(0)
    : String(Number(cell.toPrecision(4)));
}
