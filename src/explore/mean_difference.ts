/** The mean of some rows minus that of the others, and how many there are of each. */
export interface MeanDifference {
  /** [D]; of no rows on one side not a number. */
  readonly direction: Float32Array;
  readonly having: number;
  readonly lacking: number;
}

/** The difference of `rows`, packed [count, D], between those that `has` holds of and those that it doesn't. */
export function meanDifference(
  rows: Float32Array,
  count: number,
  has: (row: number) => boolean,
): MeanDifference {
  const size = rows.length / count;
  const sums = [new Float64Array(size), new Float64Array(size)] as const;
  const counts: [number, number] = [0, 0];
  for (let n = 0; n < count; n++) {
    const side = has(n) ? 1 : 0;
    counts[side]++;
    for (let d = 0; d < size; d++) sums[side][d]! += rows[n * size + d]!;
  }
  const [lacking, having] = counts;
  const direction = Float32Array.from(sums[1], (sum, d) => sum / having - sums[0][d]! / lacking);
  return { direction, having, lacking };
}
