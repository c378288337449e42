/** The rows of a metrics.csv without the columns that tell of speed. */
export function figures(text: string): string[][] {
  const rows = text
    .trimEnd()
    .split("\n")
    .map((row) => row.split(","));
  const kept = rows[0]!.map((name) => !/images_per_second|data_wait_share/.test(name));
  return rows.map((row) => row.filter((_, i) => kept[i]));
}
