import { short } from "../text/numbers.ts";

/** Rows as lines of text, columns as wide as they must be: numbers to the right, text to the left. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows.map((row) => row.map(cellText))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => (row[column] ?? "").length)));
  const right = header.map((_, column) => rows.some((row) => typeof row[column] === "number"));
  const line = (row: readonly string[]) =>
    row.map((cell, c) => (right[c] ? cell.padStart(widths[c]!) : cell.padEnd(widths[c]!))).join("  ");
  return cells.map((row) => line(row).trimEnd()).join("\n");
}

/** `–` where a number is missing. */
function cellText(cell: string | number): string {
  if (typeof cell === "string") return cell;
  return Number.isNaN(cell) ? "–" : short(cell);
}
