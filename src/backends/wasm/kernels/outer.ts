import { madd } from "./madd";
import { isWide } from "./thread";

// c += A^T B over k rows of A and B, `lda` and `ldb` bytes apart: rows of c `ldc` bytes apart, by as many accumulators
// as V8 has registers for; 16 columns where it joins vectors to 256 bits, else 8, which are added to c apart: V8 spills
// where they are added here.

/**
 * `rows` (a multiple of 4) by `columns` (8 or 16) of c += A^T B; `tile`: 192 bytes of scratch. Inlined, so that
 * each of the functions that it calls has two callers at least: the compiler would put one with a single caller
 * into that, where V8 has too few registers for it.
 */
@inline
export function addOuter(
  k: i32, a: usize, lda: usize, rows: i32, b: usize, ldb: usize, columns: i32, c: usize, ldc: usize, tile: usize,
): void {
  const joined = columns == 16 && isWide();
  for (let e = 0; e < rows; ) {
    const left = rows - e;
    const height = ASC_FEATURE_RELAXED_SIMD && left >= 6 && left != 8 ? 6 : 4; // as in gemm
    if (joined) {
      if (height == 6) outer6x16(k, a, lda, b, ldb, c, ldc);
      else outer4x16(k, a, lda, b, ldb, c, ldc);
    } else {
      for (let o: usize = 0; o < <usize>columns << 2; o += 32) {
        if (height == 6) outer6x8(k, a, lda, b + o, ldb, tile);
        else outer4x8(k, a, lda, b + o, ldb, tile);
        addTile(tile, height, c + o, ldc);
      }
    }
    e += height;
    a += <usize>height << 2;
    c += <usize>height * ldc;
  }
}

@inline
function add16(c: usize, s0: v128, s1: v128, s2: v128, s3: v128): void {
  const c0 = v128.load(c, 0), c1 = v128.load(c, 16), c2 = v128.load(c, 32), c3 = v128.load(c, 48);
  v128.store(c, f32x4.add(c0, s0), 0);
  v128.store(c, f32x4.add(c1, s1), 16);
  v128.store(c, f32x4.add(c2, s2), 32);
  v128.store(c, f32x4.add(c3, s3), 48);
}

/** Adds the tile's rows of 8 to c. */
function addTile(tile: usize, height: i32, c: usize, ldc: usize): void {
  for (let i = 0; i < height; i++, tile += 32, c += ldc) {
    const c0 = v128.load(c, 0), c1 = v128.load(c, 16);
    v128.store(c, f32x4.add(c0, v128.load(tile, 0)), 0);
    v128.store(c, f32x4.add(c1, v128.load(tile, 16)), 16);
  }
}

function outer6x16(k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize): void {
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0), s02 = f32x4.splat(0), s03 = f32x4.splat(0);
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0), s12 = f32x4.splat(0), s13 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0), s22 = f32x4.splat(0), s23 = f32x4.splat(0);
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0), s32 = f32x4.splat(0), s33 = f32x4.splat(0);
  let s40 = f32x4.splat(0), s41 = f32x4.splat(0), s42 = f32x4.splat(0), s43 = f32x4.splat(0);
  let s50 = f32x4.splat(0), s51 = f32x4.splat(0), s52 = f32x4.splat(0), s53 = f32x4.splat(0);
  for (; k > 0; k--, a += lda, b += ldb) {
    const b0 = v128.load(b, 0), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load32_splat(a, 0);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    s02 = madd(x, b2, s02);
    s03 = madd(x, b3, s03);
    x = v128.load32_splat(a, 4);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    s12 = madd(x, b2, s12);
    s13 = madd(x, b3, s13);
    x = v128.load32_splat(a, 8);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    s22 = madd(x, b2, s22);
    s23 = madd(x, b3, s23);
    x = v128.load32_splat(a, 12);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    s32 = madd(x, b2, s32);
    s33 = madd(x, b3, s33);
    x = v128.load32_splat(a, 16);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    s42 = madd(x, b2, s42);
    s43 = madd(x, b3, s43);
    x = v128.load32_splat(a, 20);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
    s52 = madd(x, b2, s52);
    s53 = madd(x, b3, s53);
  }
  add16(c, s00, s01, s02, s03);
  c += ldc;
  add16(c, s10, s11, s12, s13);
  c += ldc;
  add16(c, s20, s21, s22, s23);
  c += ldc;
  add16(c, s30, s31, s32, s33);
  c += ldc;
  add16(c, s40, s41, s42, s43);
  c += ldc;
  add16(c, s50, s51, s52, s53);
}

function outer4x16(k: i32, a: usize, lda: usize, b: usize, ldb: usize, c: usize, ldc: usize): void {
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0), s02 = f32x4.splat(0), s03 = f32x4.splat(0);
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0), s12 = f32x4.splat(0), s13 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0), s22 = f32x4.splat(0), s23 = f32x4.splat(0);
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0), s32 = f32x4.splat(0), s33 = f32x4.splat(0);
  for (; k > 0; k--, a += lda, b += ldb) {
    const b0 = v128.load(b, 0), b1 = v128.load(b, 16), b2 = v128.load(b, 32), b3 = v128.load(b, 48);
    let x = v128.load32_splat(a, 0);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    s02 = madd(x, b2, s02);
    s03 = madd(x, b3, s03);
    x = v128.load32_splat(a, 4);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    s12 = madd(x, b2, s12);
    s13 = madd(x, b3, s13);
    x = v128.load32_splat(a, 8);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    s22 = madd(x, b2, s22);
    s23 = madd(x, b3, s23);
    x = v128.load32_splat(a, 12);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    s32 = madd(x, b2, s32);
    s33 = madd(x, b3, s33);
  }
  add16(c, s00, s01, s02, s03);
  c += ldc;
  add16(c, s10, s11, s12, s13);
  c += ldc;
  add16(c, s20, s21, s22, s23);
  c += ldc;
  add16(c, s30, s31, s32, s33);
}

function outer6x8(k: i32, a: usize, lda: usize, b: usize, ldb: usize, tile: usize): void {
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  let s40 = f32x4.splat(0), s41 = f32x4.splat(0);
  let s50 = f32x4.splat(0), s51 = f32x4.splat(0);
  for (; k > 0; k--, a += lda, b += ldb) {
    const b0 = v128.load(b, 0), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a, 0);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a, 4);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a, 8);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a, 12);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
    x = v128.load32_splat(a, 16);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    x = v128.load32_splat(a, 20);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
  }
  v128.store(tile, s00, 0);
  v128.store(tile, s01, 16);
  v128.store(tile, s10, 32);
  v128.store(tile, s11, 48);
  v128.store(tile, s20, 64);
  v128.store(tile, s21, 80);
  v128.store(tile, s30, 96);
  v128.store(tile, s31, 112);
  v128.store(tile, s40, 128);
  v128.store(tile, s41, 144);
  v128.store(tile, s50, 160);
  v128.store(tile, s51, 176);
}

function outer4x8(k: i32, a: usize, lda: usize, b: usize, ldb: usize, tile: usize): void {
  let s00 = f32x4.splat(0), s01 = f32x4.splat(0);
  let s10 = f32x4.splat(0), s11 = f32x4.splat(0);
  let s20 = f32x4.splat(0), s21 = f32x4.splat(0);
  let s30 = f32x4.splat(0), s31 = f32x4.splat(0);
  for (; k > 0; k--, a += lda, b += ldb) {
    const b0 = v128.load(b, 0), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a, 0);
    s00 = madd(x, b0, s00);
    s01 = madd(x, b1, s01);
    x = v128.load32_splat(a, 4);
    s10 = madd(x, b0, s10);
    s11 = madd(x, b1, s11);
    x = v128.load32_splat(a, 8);
    s20 = madd(x, b0, s20);
    s21 = madd(x, b1, s21);
    x = v128.load32_splat(a, 12);
    s30 = madd(x, b0, s30);
    s31 = madd(x, b1, s31);
  }
  v128.store(tile, s00, 0);
  v128.store(tile, s01, 16);
  v128.store(tile, s10, 32);
  v128.store(tile, s11, 48);
  v128.store(tile, s20, 64);
  v128.store(tile, s21, 80);
  v128.store(tile, s30, 96);
  v128.store(tile, s31, 112);
}
