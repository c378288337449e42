import { sumColumns } from "./reduce";

/**
 * For chunks [from, to) of `size` rows of x [rows][c]: partial[chunk] = their columns' means [c], then the sums of
 * squared differences from those [c]. The second of the two passes finds the chunk in the cache.
 */
export function chunkMoments(x: usize, rows: i32, c: i32, size: i32, partial: usize, from: i32, to: i32): void {
  const line = <usize>c << 2;
  for (let chunk = from; chunk < to; chunk++) {
    const means = partial + <usize>chunk * 2 * line, squares = means + line;
    const count = min(rows, (chunk + 1) * size) - chunk * size;
    sumColumns(x, rows, c, size, means - <usize>chunk * line, chunk, chunk + 1);
    const first = x + <usize>(chunk * size) * line, end = first + <usize>count * line;
    const share = f32x4.splat(1 / <f32>count);
    let o: usize = 0;
    for (; o + 32 <= line; o += 32) {
      const m0 = f32x4.mul(v128.load(means + o, 0), share), m1 = f32x4.mul(v128.load(means + o, 16), share);
      let q0 = f32x4.splat(0), q1 = q0;
      for (let p = first + o; p < end; p += line) {
        const d0 = f32x4.sub(v128.load(p, 0), m0), d1 = f32x4.sub(v128.load(p, 16), m1);
        q0 = f32x4.add(q0, f32x4.mul(d0, d0));
        q1 = f32x4.add(q1, f32x4.mul(d1, d1));
      }
      v128.store(means + o, m0, 0);
      v128.store(means + o, m1, 16);
      v128.store(squares + o, q0, 0);
      v128.store(squares + o, q1, 16);
    }
    for (; o < line; o += 4) {
      const m = load<f32>(means + o) / <f32>count;
      let q: f32 = 0;
      for (let p = first + o; p < end; p += line) {
        const d = load<f32>(p) - m;
        q += d * d;
      }
      store<f32>(means + o, m);
      store<f32>(squares + o, q);
    }
  }
}

/**
 * The mean and biased variance [c] of all rows from what `chunkMoments` leaves (Chan et al., "Updating formulae and
 * a pairwise algorithm for computing sample variances", 1979), columns [from, to).
 */
export function foldMoments(
  partial: usize, rows: i32, c: i32, size: i32, mean: usize, variance: usize, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  for (let i = from; i < to; i++) {
    let m: f64 = 0, q: f64 = 0;
    let p = partial + (<usize>i << 2);
    for (let before = 0; before < rows; before += size, p += 2 * line) {
      const count = min(size, rows - before), all = before + count;
      const d = <f64>load<f32>(p) - m;
      m += (d * count) / all;
      q += <f64>load<f32>(p + line) + (d * d * before * count) / all;
    }
    store<f32>(mean + (<usize>i << 2), <f32>m);
    store<f32>(variance + (<usize>i << 2), <f32>(max(q, 0.0) / rows));
  }
}

/** (x - mean) factor + offset. */
@inline
function normal(x: v128, mean: usize, factor: usize, offset: usize): v128 {
  return f32x4.add(f32x4.mul(f32x4.sub(x, v128.load(mean)), v128.load(factor)), v128.load(offset));
}

/** LeakyReLU's values `v` where `x`, what went into it, is not above 0: times slope. */
@inline
function leak(v: v128, x: v128, slope: v128): v128 {
  return v128.bitselect(v, f32x4.mul(v, slope), f32x4.gt(x, f32x4.splat(0)));
}

/**
 * y = LeakyReLU((x - mean) factor + offset) for rows [from, to) of c floats; mean, factor and offset [c]. A slope
 * of 1 is none. Up to 3 floats behind the three may be read.
 */
export function normalize(
  x: usize, mean: usize, factor: usize, offset: usize, slope: f32, c: i32, y: usize, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  const s = f32x4.splat(slope);
  for (let p = <usize>from * line; p < <usize>to * line; p += line) {
    let o: usize = 0;
    for (; o + 16 <= line; o += 16) {
      const n = normal(v128.load(x + p + o), mean + o, factor + o, offset + o);
      v128.store(y + p + o, leak(n, n, s));
    }
    for (; o < line; o += 4) {
      const n = normal(v128.load32_splat(x + p + o), mean + o, factor + o, offset + o);
      v128.store32_lane(y + p + o, leak(n, n, s), 0);
    }
  }
}

/**
 * partial[chunk] = the sums over the chunk's `size` rows of g [c], then of g (x - mean) [c], g being the gradient dy
 * through the LeakyReLU behind `normalize`.
 */
export function batchNormSums(
  dy: usize, x: usize, mean: usize, factor: usize, offset: usize, slope: f32, rows: i32, c: i32, size: i32,
  partial: usize, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  const l = f32x4.splat(slope);
  for (let chunk = from; chunk < to; chunk++) {
    const sums = partial + <usize>chunk * 2 * line;
    const first = <usize>(chunk * size) * line, last = <usize>min(rows, (chunk + 1) * size) * line;
    let o: usize = 0;
    for (; o + 32 <= line; o += 32) {
      let s0 = f32x4.splat(0), s1 = s0, t0 = s0, t1 = s0;
      const m0 = v128.load(mean + o, 0), m1 = v128.load(mean + o, 16);
      const f0 = v128.load(factor + o, 0), f1 = v128.load(factor + o, 16);
      const e0 = v128.load(offset + o, 0), e1 = v128.load(offset + o, 16);
      for (let p = first + o; p < last; p += line) {
        const d0 = f32x4.sub(v128.load(x + p, 0), m0), d1 = f32x4.sub(v128.load(x + p, 16), m1);
        const g0 = leak(v128.load(dy + p, 0), f32x4.add(f32x4.mul(d0, f0), e0), l);
        const g1 = leak(v128.load(dy + p, 16), f32x4.add(f32x4.mul(d1, f1), e1), l);
        s0 = f32x4.add(s0, g0);
        s1 = f32x4.add(s1, g1);
        t0 = f32x4.add(t0, f32x4.mul(g0, d0));
        t1 = f32x4.add(t1, f32x4.mul(g1, d1));
      }
      v128.store(sums + o, s0, 0);
      v128.store(sums + o, s1, 16);
      v128.store(sums + line + o, t0, 0);
      v128.store(sums + line + o, t1, 16);
    }
    for (; o < line; o += 4) {
      let s: f32 = 0, t: f32 = 0;
      const m = load<f32>(mean + o), f = load<f32>(factor + o), e = load<f32>(offset + o);
      for (let p = first + o; p < last; p += line) {
        const d = load<f32>(x + p) - m, g = load<f32>(dy + p) * (d * f + e > 0 ? 1 : slope);
        s += g;
        t += g * d;
      }
      store<f32>(sums + o, s);
      store<f32>(sums + line + o, t);
    }
  }
}

/** dx = g a + (x - mean) b + e for rows [from, to) of c floats, g as in `batchNormSums`; a, b and e [c]. */
export function batchNormInputGrad(
  dy: usize, x: usize, mean: usize, factor: usize, offset: usize, slope: f32, a: usize, b: usize, e: usize, c: i32,
  dx: usize, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  const l = f32x4.splat(slope);
  for (let p = <usize>from * line; p < <usize>to * line; p += line) {
    let o: usize = 0;
    for (; o + 16 <= line; o += 16) {
      const d = f32x4.sub(v128.load(x + p + o), v128.load(mean + o));
      const n = f32x4.add(f32x4.mul(d, v128.load(factor + o)), v128.load(offset + o));
      const g = f32x4.mul(leak(v128.load(dy + p + o), n, l), v128.load(a + o));
      v128.store(dx + p + o, f32x4.add(f32x4.add(g, f32x4.mul(d, v128.load(b + o))), v128.load(e + o)));
    }
    for (; o < line; o += 4) {
      const d = load<f32>(x + p + o) - load<f32>(mean + o);
      const above = d * load<f32>(factor + o) + load<f32>(offset + o) > 0;
      const g = load<f32>(dy + p + o) * (above ? 1 : slope) * load<f32>(a + o);
      store<f32>(dx + p + o, g + d * load<f32>(b + o) + load<f32>(e + o));
    }
  }
}
