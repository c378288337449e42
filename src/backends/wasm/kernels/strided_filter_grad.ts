import { zeroFloats } from "./copy";
import { addOuter } from "./outer";
import { column, fillPatch, imageTile, row } from "./strided";
import { copyPair, stridedGradientPairs, stridedTaps } from "./strided_points";
import { ownScratch } from "./thread";

// The filter's gradient of a convolution of strided.ts by the same products: of the image's values with the gradient's,
// summed over the tiles for each of the filter's 36 points. Both are held in panels of 16 channels, [9][panels][9][tiles][16]:
// rows of more are a power of two apart, which few sets of the first cache would have to hold.

@inline
function panelsOf(channels: i32): usize {
  return <usize>((channels + 15) >> 4);
}

/** What 4x4 pixels of the gradient dy give for the products of a tile: the transpose of `transformOutput`. */
function transformGradient(d: usize, line: usize, n: i32, y: usize, unit: usize, half: usize): void {
  const pixel = <usize>n << 2, down = panelsOf(n) * row(unit), leap = row(unit) - 32;
  for (let o: usize = 0; o < pixel; o += 32, d += 32, y += o & 32 ? 32 : leap) {
    for (let j: usize = 0; j < 4; j++) stridedGradientPairs(d + j * pixel, line, half + 32 * j, 128);
    let out = y;
    for (let i: usize = 0; i < 5; i++, out += down) putRow(half + 128 * i, 32, out, unit);
    for (let i: usize = 0; i < 4; i++, out += down) putRow(d + i * line, pixel, out, unit);
  }
}

/** A row of nine products from four pixels, `step` bytes apart, which are taken as they are too. */
@inline
function putRow(d: usize, step: usize, out: usize, unit: usize): void {
  const next = column(unit);
  stridedGradientPairs(d, step, out, next);
  out += 5 * next;
  for (let i = 0; i < 4; i++, d += step, out += unit) copyPair(d, out);
}

/** The products' values of tiles [t0, t0 + count) into rows [at, at + count) of v and y, which have `rows`. */
function putTiles(
  x: usize, ih: i32, iw: i32, c: i32, dy: usize, oh: i32, ow: i32, n: i32, t0: i32, count: i32,
  v: usize, y: usize, rows: i32, at: i32, patch: usize, half: usize,
): void {
  const down = (oh + 3) >> 2, across = (ow + 3) >> 2;
  const pixel = <usize>n << 2, line = <usize>ow * pixel;
  const unit = <usize>rows << 6, one = row(unit);
  for (let t = 0; t < count; t++) {
    const tx = (t0 + t) % across, ty = ((t0 + t) / across) % down, b = (t0 + t) / (across * down);
    const r = <usize>(at + t) << 6;
    const from = x + (<usize>(b * ih * iw * c) << 2);
    imageTile(from, ih, iw, c, ty, tx, v + r, unit, panelsOf(c) * one, one - 32, patch, half);
    const image = dy + <usize>(b * oh) * line;
    if (4 * ty + 4 <= oh && 4 * tx + 4 <= ow) {
      transformGradient(image + <usize>(4 * ty) * line + <usize>(4 * tx) * pixel, line, n, y + r, unit, half);
    } else {
      fillPatch(patch, 4, image, oh, ow, n, 4 * ty, 4 * tx);
      transformGradient(patch, 4 * pixel, n, y + r, unit, half);
    }
  }
}

/** Adds the products of `count` tiles for point (i, j) and columns [o, o + 16) to du [36][c][n]. */
function addProducts(
  v: usize, y: usize, count: i32, c: i32, n: i32, i: usize, j: usize, o: i32, du: usize, tile: usize,
): void {
  const unit = <usize>count << 6, one = row(unit), line = <usize>n << 2;
  const k = j < 5 ? count : 4 * count, columns = min(16, n - o);
  let to = du + (i * 6 + j) * <usize>c * line + (<usize>o << 2);
  for (let p = 0; p < c; p += 16, to += line << 4)
    for (let r = i; r < (i < 5 ? i + 1 : 9); r++) {
      const a = v + (r * panelsOf(c) + <usize>(p >> 4)) * one + j * column(unit);
      const b = y + (r * panelsOf(n) + <usize>(o >> 4)) * one + j * column(unit);
      addOuter(k, a, 64, min(16, c - p), b, 64, columns, to, line, tile);
    }
}

/**
 * du [parts][36][c][n] of parts [from, to): a part has the tiles [i, i + 1) / parts of [images, ceil(oh / 4),
 * ceil(ow / 4)], in blocks of `block`.
 */
export function stridedFilterParts(
  x: usize, ih: i32, iw: i32, c: i32, dy: usize, oh: i32, ow: i32, n: i32, tiles: i32, parts: i32, du: usize,
  block: i32, scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const half = ownScratch(scratch, stride), patch = half + 2048;
  const v = patch + 324 * <usize>max(c, n) + 64;
  for (let part = from; part < to; part++) {
    const out = du + <usize>part * 144 * <usize>(c * n);
    zeroFloats(out, 36 * c * n);
    const first = <i32>((<i64>tiles * part) / parts), last = <i32>((<i64>tiles * (part + 1)) / parts);
    for (let t0 = first; t0 < last; t0 += block) {
      const count = min(block, last - t0);
      const y = v + 9 * panelsOf(c) * row(<usize>count << 6);
      putTiles(x, ih, iw, c, dy, oh, ow, n, t0, count, v, y, count, 0, patch, half);
      for (let i: usize = 0; i < 6; i++)
        for (let j: usize = 0; j < 6; j++)
          for (let o = 0; o < n; o += 16) addProducts(v, y, count, c, n, i, j, o, out, half);
    }
  }
}

/** The values of tiles t0 + [from, to) for `stridedFilterProducts` of t0 + [0, count). */
export function stridedFilterTiles(
  x: usize, ih: i32, iw: i32, c: i32, dy: usize, oh: i32, ow: i32, n: i32, t0: i32, count: i32, v: usize, y: usize,
  scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const half = ownScratch(scratch, stride), patch = half + 2048;
  putTiles(x, ih, iw, c, dy, oh, ow, n, t0 + from, to - from, v, y, count, from, patch, half);
}

/**
 * du [36][c][n], or its sum with what is there where `add`, for tasks [from, to): 16 columns of a point, the last points,
 * which have the most products, first.
 */
export function stridedFilterProducts(
  v: usize, y: usize, count: i32, c: i32, n: i32, du: usize, add: bool, scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const panels = (n + 15) >> 4, tile = ownScratch(scratch, stride);
  for (let t = from; t < to; t++) {
    const q = 35 - t / panels, o = (t % panels) << 4, line = <usize>n << 2;
    let p = du + (<usize>(q * c * n + o) << 2);
    for (let r = 0; !add && r < c; r++, p += line) zeroFloats(p, min(16, n - o));
    addProducts(v, y, count, c, n, q / 6, q % 6, o, du, tile);
  }
}

/** The filter's gradient dw [3][3][c][n] from du [parts][36][c][n], channels [from, to). */
export function stridedFilterTaps(
  du: usize, parts: i32, c: i32, n: i32, dw: usize, scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const sums = ownScratch(scratch, stride), half = sums + 576, taps = half + 288;
  const size = <usize>(c * n) << 2;
  for (let i = from; i < to; i++)
    for (let o = 0; o < n; o += 4) {
      const at = <usize>(i * n + o) << 2;
      for (let q: usize = 0; q < 36; q++) {
        let s = v128.load(du + at + q * size);
        for (let k = 1; k < parts; k++) s = f32x4.add(s, v128.load(du + at + (<usize>k * 36 + q) * size));
        v128.store(sums + 16 * q, s);
      }
      for (let j: usize = 0; j < 6; j++) stridedTaps(sums + 16 * j, 96, half + 16 * j, 96);
      for (let k: usize = 0; k < 3; k++) {
        stridedTaps(half + 96 * k, 16, taps, 16);
        for (let j: usize = 0; j < 3; j++) v128.store(dw + at + (3 * k + j) * size, v128.load(taps + 16 * j));
      }
    }
}
