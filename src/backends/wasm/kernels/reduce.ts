/** Floats that are added in float32 before their sum joins a float64. */
const RUN: i32 = 512;

@inline
function lanes(v: v128): f64 {
  return (
    <f64>f32x4.extract_lane(v, 0) + <f64>f32x4.extract_lane(v, 1) +
    (<f64>f32x4.extract_lane(v, 2) + <f64>f32x4.extract_lane(v, 3))
  );
}

@inline
function value(x: v128, square: bool): v128 {
  return square ? f32x4.mul(x, x) : x;
}

/** The sum of n floats or of their squares. */
@inline
function sumRun(x: usize, n: i32, square: bool): f64 {
  let total: f64 = 0;
  while (n >= 16) {
    const steps = min(n, RUN) >> 4;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let i = 0; i < steps; i++, x += 64) {
      s0 = f32x4.add(s0, value(v128.load(x, 0), square));
      s1 = f32x4.add(s1, value(v128.load(x, 16), square));
      s2 = f32x4.add(s2, value(v128.load(x, 32), square));
      s3 = f32x4.add(s3, value(v128.load(x, 48), square));
    }
    total += lanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    n -= steps << 4;
  }
  for (; n > 0; n--, x += 4) {
    const v = <f64>load<f32>(x);
    total += square ? v * v : v;
  }
  return total;
}

/** The float64 sums of chunks [from, to) of `size` floats of n, or of their squares. */
export function sumChunks(x: usize, n: i32, size: i32, square: i32, sums: usize, from: i32, to: i32): void {
  for (let i = from; i < to; i++) {
    const at = x + ((<usize>i * size) << 2), count = min(size, n - i * size);
    store<f64>(sums + (<usize>i << 3), square ? sumRun(at, count, true) : sumRun(at, count, false));
  }
}

/** out[r] = scale times the sum of row r of n floats, rows [from, to). */
export function sumRows(x: usize, n: i32, scale: f64, out: usize, from: i32, to: i32): void {
  for (let r = from; r < to; r++)
    store<f32>(out + (<usize>r << 2), <f32>(scale * sumRun(x + ((<usize>r * n) << 2), n, false)));
}

/** partial[chunk] [c] = the sums of the columns over the chunk's `size` rows of x [rows][c]; chunks [from, to). */
export function sumColumns(
  x: usize, rows: i32, c: i32, size: i32, partial: usize, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  for (let chunk = from; chunk < to; chunk++) {
    const sums = partial + <usize>chunk * line;
    const first = x + <usize>(chunk * size) * line, end = x + <usize>min(rows, (chunk + 1) * size) * line;
    let o: usize = 0;
    for (; o + 64 <= line; o += 64) {
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
      for (let p = first + o; p < end; p += line) {
        s0 = f32x4.add(s0, v128.load(p, 0));
        s1 = f32x4.add(s1, v128.load(p, 16));
        s2 = f32x4.add(s2, v128.load(p, 32));
        s3 = f32x4.add(s3, v128.load(p, 48));
      }
      v128.store(sums + o, s0, 0);
      v128.store(sums + o, s1, 16);
      v128.store(sums + o, s2, 32);
      v128.store(sums + o, s3, 48);
    }
    for (; o + 16 <= line; o += 16) {
      let s = f32x4.splat(0);
      for (let p = first + o; p < end; p += line) s = f32x4.add(s, v128.load(p));
      v128.store(sums + o, s);
    }
    for (; o < line; o += 4) {
      let s: f32 = 0;
      for (let p = first + o; p < end; p += line) s += load<f32>(p);
      store<f32>(sums + o, s);
    }
  }
}

/** out[i] = scale times the sum over `count` of partial [count][c], columns [from, to). */
export function foldColumns(partial: usize, count: i32, c: i32, scale: f64, out: usize, from: i32, to: i32): void {
  for (let i = from; i < to; i++) {
    let s: f64 = 0;
    for (let k = 0; k < count; k++) s += <f64>load<f32>(partial + ((<usize>k * c + i) << 2));
    store<f32>(out + (<usize>i << 2), <f32>(scale * s));
  }
}

/** out[r] = the largest of row r of n floats, NaN where one is; rows [from, to). */
export function maxRows(x: usize, n: i32, out: usize, from: i32, to: i32): void {
  for (let r = from; r < to; r++) {
    const row = x + ((<usize>r * n) << 2);
    let most = load<f32>(row);
    for (let i = 1; i < n; i++) most = max<f32>(most, load<f32>(row + (<usize>i << 2)));
    store<f32>(out + (<usize>r << 2), most);
  }
}

/** out[i] = the largest of column i of x [rows][c]; columns [from, to). */
export function maxColumns(x: usize, rows: i32, c: i32, out: usize, from: i32, to: i32): void {
  const line = <usize>c << 2, first = <usize>from << 2, last = <usize>to << 2;
  for (let o = first; o < last; o += 4) store<f32>(out + o, load<f32>(x + o));
  for (let r = 1; r < rows; r++) {
    const row = x + <usize>r * line;
    for (let o = first; o < last; o += 4) store<f32>(out + o, max<f32>(load<f32>(out + o), load<f32>(row + o)));
  }
}

/** out = a sum of float tensors: adds x to `out` for floats [from, to). */
export function addTo(x: usize, out: usize, from: i32, to: i32): void {
  const end = x + (<usize>to << 2), d = out - x;
  for (let p = x + (<usize>from << 2); p < end; p += 16)
    v128.store(p + d, f32x4.add(v128.load(p + d), v128.load(p)));
}
