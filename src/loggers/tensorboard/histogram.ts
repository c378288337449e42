/** Buckets of a histogram, as many as TensorBoard's own summaries have. */
const BUCKETS = 30;

/**
 * Buckets of equal width over the finite `values`, packed [30, 3]: left edge, right edge, count; the last one holds
 * its right edge. Where all are equal, as TensorBoard has it, each bucket is that value and the last counts them.
 * Undefined where none is finite.
 */
export function histogram(values: Float32Array): Float64Array | undefined {
  let [low, high, count] = [Infinity, -Infinity, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    count++;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (count === 0) return undefined;
  const width = (high - low) / BUCKETS;
  const rows = new Float64Array(BUCKETS * 3);
  for (let b = 0; b < BUCKETS; b++) {
    rows[b * 3] = low + b * width;
    rows[b * 3 + 1] = b === BUCKETS - 1 ? high : low + (b + 1) * width;
  }
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    const bucket = width > 0 ? Math.min(BUCKETS - 1, Math.floor((value - low) / width)) : BUCKETS - 1;
    rows[bucket * 3 + 2]!++;
  }
  return rows;
}
