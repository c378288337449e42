import { copyFloats, zeroFloats } from "./copy";
import { madd } from "./madd";
import { isWide, ownScratch } from "./thread";

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
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    s02 = madd(x, b2, s02);
    s03 = madd(x, b3, s03);
    x = v128.load32_splat(a1);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    s12 = madd(x, b2, s12);
    s13 = madd(x, b3, s13);
    b += 64;
    a0 += 4;
    a1 += 4;
    if (b == end) break;
    b0 = v128.load(b, 0);
    b1 = v128.load(b, 16);
    b2 = v128.load(b, 32);
    b3 = v128.load(b, 48);
    x = v128.load32_splat(a0);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    s02 = madd(x, b2, s02);
    s03 = madd(x, b3, s03);
    x = v128.load32_splat(a1);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    s12 = madd(x, b2, s12);
    s13 = madd(x, b3, s13);
    b += 64;
    a0 += 4;
    a1 += 4;
  }
  putRow(c0, s00, s01, s02, s03, lo);
  putRow(c1, s10, s11, s12, s13, lo);
}

/**
 * Six rows times half a panel, 8 columns: twelve accumulators of 128 bits, the most that V8 has registers for beside
 * what they are made of: no floor (V8 spills where one is taken here), and one step at a time.
 */
function panel6x8(k: i32, a: usize, lda: usize, b: usize, init: usize, ldi: usize, c: usize, ldc: usize): void {
  let a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda, a4 = a3 + lda, a5 = a4 + lda;
  let s00 = v128.load(init, 0), s01 = v128.load(init, 16);
  init += ldi;
  let s10 = v128.load(init, 0), s11 = v128.load(init, 16);
  init += ldi;
  let s20 = v128.load(init, 0), s21 = v128.load(init, 16);
  init += ldi;
  let s30 = v128.load(init, 0), s31 = v128.load(init, 16);
  init += ldi;
  let s40 = v128.load(init, 0), s41 = v128.load(init, 16);
  init += ldi;
  let s50 = v128.load(init, 0), s51 = v128.load(init, 16);
  for (const end = b + (<usize>k << 6); b < end; b += 64, a += 4, a1 += 4, a2 += 4, a3 += 4, a4 += 4, a5 += 4) {
    const b0 = v128.load(b, 0), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a1);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a2);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a3);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    x = v128.load32_splat(a4);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    x = v128.load32_splat(a5);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
  }
  putHalf(c, s00, s01);
  putHalf(c + ldc, s10, s11);
  putHalf(c + 2 * ldc, s20, s21);
  putHalf(c + 3 * ldc, s30, s31);
  putHalf(c + 4 * ldc, s40, s41);
  putHalf(c + 5 * ldc, s50, s51);
}

/**
 * Six rows at once, for engines that join neighbouring vectors to 256 bits: twelve accumulators of those. The same
 * sums in the same order. `ldi`: bytes from one row of init to the next, 0 where all start from one.
 */
function panel6x16(k: i32, a: usize, lda: usize, b: usize, init: usize, ldi: usize, c: usize, ldc: usize): void {
  let a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda, a4 = a3 + lda, a5 = a4 + lda;
  let s00 = v128.load(init, 0), s01 = v128.load(init, 16), s02 = v128.load(init, 32), s03 = v128.load(init, 48);
  init += ldi;
  let s10 = v128.load(init, 0), s11 = v128.load(init, 16), s12 = v128.load(init, 32), s13 = v128.load(init, 48);
  init += ldi;
  let s20 = v128.load(init, 0), s21 = v128.load(init, 16), s22 = v128.load(init, 32), s23 = v128.load(init, 48);
  init += ldi;
  let s30 = v128.load(init, 0), s31 = v128.load(init, 16), s32 = v128.load(init, 32), s33 = v128.load(init, 48);
  init += ldi;
  let s40 = v128.load(init, 0), s41 = v128.load(init, 16), s42 = v128.load(init, 32), s43 = v128.load(init, 48);
  init += ldi;
  let s50 = v128.load(init, 0), s51 = v128.load(init, 16), s52 = v128.load(init, 32), s53 = v128.load(init, 48);
  for (const end = b + (<usize>k << 6); b < end; b += 64, a += 4, a1 += 4, a2 += 4, a3 += 4, a4 += 4, a5 += 4) {
    const b0 = v128.load(b, 0), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load32_splat(a);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    s02 = madd(x, b2, s02);
    s03 = madd(x, b3, s03);
    x = v128.load32_splat(a1);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    s12 = madd(x, b2, s12);
    s13 = madd(x, b3, s13);
    x = v128.load32_splat(a2);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    s22 = madd(x, b2, s22);
    s23 = madd(x, b3, s23);
    x = v128.load32_splat(a3);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    s32 = madd(x, b2, s32);
    s33 = madd(x, b3, s33);
    x = v128.load32_splat(a4);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    s42 = madd(x, b2, s42);
    s43 = madd(x, b3, s43);
    x = v128.load32_splat(a5);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
    s52 = madd(x, b2, s52);
    s53 = madd(x, b3, s53);
  }
  put16(c, s00, s01, s02, s03);
  put16(c + ldc, s10, s11, s12, s13);
  put16(c + 2 * ldc, s20, s21, s22, s23);
  put16(c + 3 * ldc, s30, s31, s32, s33);
  put16(c + 4 * ldc, s40, s41, s42, s43);
  put16(c + 5 * ldc, s50, s51, s52, s53);
}

/** Four rows of those that six don't take. */
function panel4x16(k: i32, a: usize, lda: usize, b: usize, init: usize, ldi: usize, c: usize, ldc: usize, lo: f32): void {
  let a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda;
  let s00 = v128.load(init, 0), s01 = v128.load(init, 16), s02 = v128.load(init, 32), s03 = v128.load(init, 48);
  init += ldi;
  let s10 = v128.load(init, 0), s11 = v128.load(init, 16), s12 = v128.load(init, 32), s13 = v128.load(init, 48);
  init += ldi;
  let s20 = v128.load(init, 0), s21 = v128.load(init, 16), s22 = v128.load(init, 32), s23 = v128.load(init, 48);
  init += ldi;
  let s30 = v128.load(init, 0), s31 = v128.load(init, 16), s32 = v128.load(init, 32), s33 = v128.load(init, 48);
  for (const end = b + (<usize>k << 6); b < end; b += 64, a += 4, a1 += 4, a2 += 4, a3 += 4) {
    const b0 = v128.load(b, 0), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load32_splat(a);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    s02 = madd(x, b2, s02);
    s03 = madd(x, b3, s03);
    x = v128.load32_splat(a1);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    s12 = madd(x, b2, s12);
    s13 = madd(x, b3, s13);
    x = v128.load32_splat(a2);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    s22 = madd(x, b2, s22);
    s23 = madd(x, b3, s23);
    x = v128.load32_splat(a3);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    s32 = madd(x, b2, s32);
    s33 = madd(x, b3, s33);
  }
  putRow(c, s00, s01, s02, s03, lo);
  putRow(c + ldc, s10, s11, s12, s13, lo);
  putRow(c + 2 * ldc, s20, s21, s22, s23, lo);
  putRow(c + 3 * ldc, s30, s31, s32, s33, lo);
}

@inline
function put16(c: usize, s0: v128, s1: v128, s2: v128, s3: v128): void {
  v128.store(c, s0, 0);
  v128.store(c, s1, 16);
  v128.store(c, s2, 32);
  v128.store(c, s3, 48);
}

@inline
function putHalf(c: usize, s0: v128, s1: v128): void {
  v128.store(c, s0, 0);
  v128.store(c, s1, 16);
}

/** Six rows of 16 floats, at least lo each. */
function floorRows(c: usize, ldc: usize, lo: f32): void {
  for (let i = 0; i < 6; i++, c += ldc)
    putRow(c, v128.load(c, 0), v128.load(c, 16), v128.load(c, 32), v128.load(c, 48), lo);
}

@inline
function putRow(c: usize, s0: v128, s1: v128, s2: v128, s3: v128, lo: f32): void {
  const low = f32x4.splat(lo);
  v128.store(c, f32x4.max(s0, low), 0);
  v128.store(c, f32x4.max(s1, low), 16);
  v128.store(c, f32x4.max(s2, low), 32);
  v128.store(c, f32x4.max(s3, low), 48);
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
      let i = 0;
      if (columns == 16) {
        const wide = isWide();
        // Without a fused product and sum each takes a register more, and six rows spill.
        for (; ASC_FEATURE_RELAXED_SIMD && i + 6 <= m; i += 6, row += 6 * lda, out += 6 * ldc) {
          const init = first ? start : out, ldi: usize = first ? 0 : ldc;
          if (wide) panel6x16(steps, row, lda, bp, init, ldi, out, ldc);
          else {
            panel6x8(steps, row, lda, bp, init, ldi, out, ldc);
            panel6x8(steps, row, lda, bp + 32, init + 32, ldi, out + 32, ldc);
          }
          if (low > -Infinity) floorRows(out, ldc, low);
        }
        if (wide && i + 4 <= m) {
          panel4x16(steps, row, lda, bp, first ? start : out, first ? 0 : ldc, out, ldc, low);
          i += 4;
          row += lda << 2;
          out += ldc << 2;
        }
      }
      for (; i < m; i += 2) {
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

/** A panel [k][16] from `columns` rows of k floats each, `stride` bytes apart; zeros in the other columns. */
export function turnPanel(source: usize, stride: usize, k: i32, columns: i32, panel: usize): void {
  const whole = k & ~3;
  for (let j = 0; j < 16; j += 4) {
    let q = panel + (<usize>j << 2);
    if (j + 4 > columns) {
      for (let i = 0; i < k; i++, q += 64) {
        for (let l = 0; l < 4; l++) {
          const value: f32 = j + l < columns ? load<f32>(source + <usize>(j + l) * stride + (<usize>i << 2)) : 0;
          store<f32>(q + (<usize>l << 2), value);
        }
      }
      continue;
    }
    const s0 = source + <usize>j * stride, s1 = s0 + stride, s2 = s1 + stride, s3 = s2 + stride;
    for (let i = 0; i < whole; i += 4, q += 256) {
      const o = <usize>i << 2;
      const r0 = v128.load(s0 + o), r1 = v128.load(s1 + o), r2 = v128.load(s2 + o), r3 = v128.load(s3 + o);
      const a = i32x4.shuffle(r0, r1, 0, 4, 1, 5), b = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
      const c = i32x4.shuffle(r0, r1, 2, 6, 3, 7), d = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
      v128.store(q, i64x2.shuffle(a, b, 0, 2), 0);
      v128.store(q, i64x2.shuffle(a, b, 1, 3), 64);
      v128.store(q, i64x2.shuffle(c, d, 0, 2), 128);
      v128.store(q, i64x2.shuffle(c, d, 1, 3), 192);
    }
    for (let i = whole; i < k; i++, q += 64) {
      const o = <usize>i << 2;
      store<f32>(q, load<f32>(s0 + o), 0);
      store<f32>(q, load<f32>(s1 + o), 4);
      store<f32>(q, load<f32>(s2 + o), 8);
      store<f32>(q, load<f32>(s3 + o), 12);
    }
  }
}

/** Panels [from, to) of B [k][n] with element (i, j) at i `rows` + j `columns` floats, one of them 1. */
export function packPanels(b: usize, rows: i32, columns: i32, k: i32, n: i32, out: usize, from: i32, to: i32): void {
  for (let p = from; p < to; p++) {
    const n0 = p << 4;
    const width = min(16, n - n0);
    let q = out + ((<usize>n0 * k) << 2);
    if (rows == 1) {
      turnPanel(b + ((<usize>n0 * columns) << 2), <usize>columns << 2, k, width, q);
      continue;
    }
    for (let i = 0; i < k; i++, q += 64) {
      copyFloats(q, b + ((<usize>i * rows + <usize>n0) << 2), width);
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


/**
 * C = max(bias + A B, lo) for n of 4 columns at most, by dot products: B as [n][k], else as `gemm`. A panel of 16
 * columns would compute mostly zeros.
 */
export function narrow(
  a: usize, lda: usize, m: i32, k: i32, b: usize, n: i32, c: usize, ldc: usize, bias: usize, lo: f32,
): void {
  const whole = <usize>(k & ~3) << 2, row = <usize>k << 2;
  for (let i = 0; i < m; i += 2, a += lda << 1, c += ldc << 1) {
    const pair = i + 1 < m;
    const a1 = pair ? a + lda : a;
    for (let o = 0; o < n; o += 2) {
      const bp = b + <usize>o * row, bq = o + 1 < n ? bp + row : bp;
      let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00;
      for (let q: usize = 0; q < whole; q += 16) {
        const x0 = v128.load(a + q), x1 = v128.load(a1 + q), y0 = v128.load(bp + q), y1 = v128.load(bq + q);
        s00 = madd(x0, y0, s00);
        s01 = madd(x0, y1, s01);
        s10 = madd(x1, y0, s10);
        s11 = madd(x1, y1, s11);
      }
      let r00 = across(s00), r01 = across(s01), r10 = across(s10), r11 = across(s11);
      for (let q = whole; q < row; q += 4) {
        const x0 = load<f32>(a + q), x1 = load<f32>(a1 + q), y0 = load<f32>(bp + q), y1 = load<f32>(bq + q);
        r00 += x0 * y0;
        r01 += x0 * y1;
        r10 += x1 * y0;
        r11 += x1 * y1;
      }
      const at = c + (<usize>o << 2), start = bias + (<usize>o << 2);
      const b0 = load<f32>(start), b1 = load<f32>(start, 4);
      store<f32>(at, max(r00 + b0, lo));
      if (pair) store<f32>(at + ldc, max(r10 + b0, lo));
      if (o + 1 < n) {
        store<f32>(at, max(r01 + b1, lo), 4);
        if (pair) store<f32>(at + ldc, max(r11 + b1, lo), 4);
      }
    }
  }
}

@inline
function across(v: v128): f32 {
  return (
    f32x4.extract_lane(v, 0) + f32x4.extract_lane(v, 1) + (f32x4.extract_lane(v, 2) + f32x4.extract_lane(v, 3))
  );
}
