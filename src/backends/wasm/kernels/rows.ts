import { copyFloats } from "./copy";

/** out (int32) [r] = the place of the smallest of row r's n floats, the first of several; rows [from, to). */
export function argMinRows(x: usize, n: i32, out: usize, from: i32, to: i32): void {
  for (let r = from; r < to; r++) {
    const row = x + ((<usize>r * n) << 2);
    let least = load<f32>(row), place = 0;
    for (let i = 1; i < n; i++) {
      const v = load<f32>(row + (<usize>i << 2));
      if (v < least) {
        least = v;
        place = i;
      }
    }
    store<i32>(out + (<usize>r << 2), place);
  }
}

/** Row r of `out` = row indices[r] of x, of n words each; rows [from, to). */
export function gatherRows(x: usize, indices: usize, n: i32, out: usize, from: i32, to: i32): void {
  const bytes = <usize>n << 2;
  for (let r = from; r < to; r++)
    copyFloats(out + <usize>r * bytes, x + <usize>load<i32>(indices + (<usize>r << 2)) * bytes, n);
}

/**
 * out [segments][c] = the sums of the rows of x [rows][c] by their segment ids (int32), those below 0 left out;
 * columns [from, to), rows in order, so that sums don't depend on the number of threads.
 */
export function segmentSum(
  x: usize, ids: usize, rows: i32, c: i32, segments: i32, out: usize, from: i32, to: i32,
): void {
  const line = <usize>c << 2, first = <usize>from << 2, last = <usize>to << 2;
  for (let s = 0; s < segments; s++)
    for (let o = first; o < last; o += 4) store<f32>(out + <usize>s * line + o, 0);
  for (let r = 0; r < rows; r++) {
    const id = load<i32>(ids + (<usize>r << 2));
    if (id < 0) continue;
    const p = x + <usize>r * line, q = out + <usize>id * line;
    for (let o = first; o < last; o += 4) store<f32>(q + o, load<f32>(q + o) + load<f32>(p + o));
  }
}
