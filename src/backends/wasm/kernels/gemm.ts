import { copyFloats, zeroFloats } from "./copy";
import { ownScratch } from "./thread";

/** Steps of k in one go: 16 columns of a panel of B, 24 KiB, stay in the first cache. */
const K_BLOCK: i32 = 384;

/**
 * Two rows of A times a panel of B of 16 columns, [k][16]: c = max(init + a b, lo). Eight accumulators are what
 * V8 has registers for. The `break`s between the steps are needed: without them it hoists the loads of both
 * and spills.
 */
function panel2x16(
  k: i32, a0: usize, a1: usize, b: usize, init0: usize, init1: usize, c0: usize, c1: usize, lo: f32,
): void {
  let s00 = v128.load(init0, 0), s01 = v128.load(init0, 16), s02 = v128.load(init0, 32), s03 = v128.load(init0, 48);
  let s10 = v128.load(init1, 0), s11 = v128.load(init1, 16), s12 = v128.load(init1, 32), s13 = v128.load(init1, 48);
  const end = b + (<usize>k << 6);
  while (b < end) {
    let b0 = v128.load(b, 0), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load32_splat(a0);
    s00 = f32x4.add(s00, f32x4.mul(x, b0));
    s01 = f32x4.add(s01, f32x4.mul(x, b1));
    s02 = f32x4.add(s02, f32x4.mul(x, b2));
    s03 = f32x4.add(s03, f32x4.mul(x, b3));
    x = v128.load32_splat(a1);
    s10 = f32x4.add(s10, f32x4.mul(x, b0));
    s11 = f32x4.add(s11, f32x4.mul(x, b1));
    s12 = f32x4.add(s12, f32x4.mul(x, b2));
    s13 = f32x4.add(s13, f32x4.mul(x, b3));
    b += 64;
    a0 += 4;
    a1 += 4;
    if (b == end) break;
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    b2 = v128.load(b, 32);
    b3 = v128.load(b, 48);
    x = v128.load32_splat(a0);
    s00 = f32x4.add(s00, f32x4.mul(x, b0));
    s01 = f32x4.add(s01, f32x4.mul(x, b1));
    s02 = f32x4.add(s02, f32x4.mul(x, b2));
    s03 = f32x4.add(s03, f32x4.mul(x, b3));
    x = v128.load32_splat(a1);
    s10 = f32x4.add(s10, f32x4.mul(x, b0));
    s11 = f32x4.add(s11, f32x4.mul(x, b1));
    s12 = f32x4.add(s12, f32x4.mul(x, b2));
    s13 = f32x4.add(s13, f32x4.mul(x, b3));
    b += 64;
    a0 += 4;
    a1 += 4;
  }
  const low = f32x4.splat(lo);
  v128.store(c0, f32x4.max(s00, low), 0);
  v128.store(c0, f32x4.max(s01, low), 16);
  v128.store(c0, f32x4.max(s02, low), 32);
  v128.store(c0, f32x4.max(s03, low), 48);
  v128.store(c1, f32x4.max(s10, low), 0);
  v128.store(c1, f32x4.max(s11, low), 16);
  v128.store(c1, f32x4.max(s12, low), 32);
  v128.store(c1, f32x4.max(s13, low), 48);
}

/**
 * C = max(bias + A B, lo) for panels [panel0, panel1) of B. A: m rows of k floats, `lda` bytes apart. B: panels
 * [n / 16][k][16], the last one filled up with zeros. C: rows of n floats, `ldc` bytes apart. `bias` has as many
 * floats as B has columns, zeros included. `tile`: 128 bytes of scratch.
 */
export function gemm(
  a: usize, lda: usize, m: i32, k: i32, b: usize, n: i32, c: usize, ldc: usize,
  bias: usize, lo: f32, tile: usize, panel0: i32, panel1: i32,
): void {
  const tile1 = tile + 64;
  for (let k0 = 0; k0 == 0 || k0 < k; k0 += K_BLOCK) {
    const steps = min(K_BLOCK, k - k0);
    const first = k0 == 0;
    const low: f32 = k0 + K_BLOCK >= k ? lo : -Infinity;
    for (let p = panel0; p < panel1; p++) {
      const n0 = p << 4;
      const bp = b + ((<usize>n0 * k + (<usize>k0 << 4)) << 2);
      const start = bias + (<usize>n0 << 2);
      const columns = min(16, n - n0);
      let row = a + (<usize>k0 << 2);
      let out = c + (<usize>n0 << 2);
      for (let i = 0; i < m; i += 2) {
        const pair = i + 1 < m;
        const row1 = pair ? row + lda : row;
        if (columns == 16) {
          const out1 = pair ? out + ldc : tile1;
          panel2x16(steps, row, row1, bp, first ? start : out, first ? start : out1, out, out1, low);
        } else {
          if (!first) {
            copyFloats(tile, out, columns);
            if (pair) copyFloats(tile1, out + ldc, columns);
          }
          panel2x16(steps, row, row1, bp, first ? start : tile, first ? start : tile1, tile, tile1, low);
          copyFloats(out, tile, columns);
          if (pair) copyFloats(out + ldc, tile1, columns);
        }
        row += lda << 1;
        out += ldc << 1;
      }
    }
  }
}

/** Panels [from, to) of B [k][n] with element (i, j) at i `rows` + j `columns` floats. */
export function packPanels(b: usize, rows: i32, columns: i32, k: i32, n: i32, out: usize, from: i32, to: i32): void {
  for (let p = from; p < to; p++) {
    const n0 = p << 4;
    const width = min(16, n - n0);
    let q = out + ((<usize>n0 * k) << 2);
    for (let i = 0; i < k; i++, q += 64) {
      let s = b + ((<usize>i * rows + <usize>n0 * columns) << 2);
      if (columns == 1) copyFloats(q, s, width);
      else for (let j = 0; j < width; j++, s += <usize>columns << 2) store<f32>(q + (<usize>j << 2), load<f32>(s));
      if (width < 16) zeroFloats(q + (<usize>width << 2), 16 - width);
    }
  }
}

/**
 * Blocks [from, to) of C = max(bias + A B, lo): of `mb` rows by `pb` panels, a column of blocks after the other.
 * Strides in floats.
 */
export function matMul(
  a: usize, lda: i32, m: i32, k: i32, b: usize, n: i32, c: usize, bias: usize, lo: f32,
  mb: i32, pb: i32, scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const tile = ownScratch(scratch, stride);
  const rows = (m + mb - 1) / mb;
  const panels = (n + 15) >> 4;
  const ldc = <usize>n << 2;
  for (let t = from; t < to; t++) {
    const i = (t % rows) * mb, p = (t / rows) * pb;
    gemm(
      a + ((<usize>i * lda) << 2), <usize>lda << 2, min(mb, m - i), k, b, n, c + <usize>i * ldc, ldc,
      bias, lo, tile, p, min(p + pb, panels),
    );
  }
}

