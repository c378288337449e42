import { copyFloats, zeroFloats } from "./copy";
import { gemm } from "./gemm";
import { copyPair, stridedInputPairs, stridedOutputPairs, stridedSpreadPairs } from "./strided_points";
import { ownScratch } from "./thread";
import { putPair } from "./winograd_points";

// 3x3 convolutions of stride 2 and padding 1, and the gradients of their inputs, by tiles of 4x4 outputs (or
// gradients): 81 products a channel instead of 144, see strided_points.ts. Of each dimension's nine products five are of
// points and have a filter matrix each; the other four are of values as they are and share the sixth. So a tile's
// products are 9x9 matrices [tiles][channels], a row's last four behind each other; channels in multiples of 8.

/** Bytes between the first columns of a row of products: one's, and some against set aliasing. */
@inline
export function column(unit: usize): usize {
  return unit + 64;
}
@inline
export function row(unit: usize): usize {
  return 9 * unit + 384;
}

/** The products of `count` tiles with panels [p0, p1) of the filter's 36 matrices, `size` bytes each. */
function multiply(
  v: usize, count: i32, c: i32, u: usize, size: usize, padded: i32, m: usize, width: i32, zeros: usize, tile: usize,
  p0: i32, p1: i32,
): void {
  const lda = <usize>c << 2, ldc = <usize>width << 2;
  const from = <usize>count * lda, to = <usize>count * ldc;
  const out = m - (<usize>p0 << 6);
  for (let i: usize = 0; i < 9; i++)
    for (let j: usize = 0; j < 6; j++) {
      const b = u + (min<usize>(i, 5) * 6 + j) * size;
      gemm(
        v + i * row(from) + j * column(from), lda, j < 5 ? count : 4 * count, c, b, padded,
        out + i * row(to) + j * column(to), ldc, zeros, -Infinity, tile, p0, p1,
      );
    }
}

/** Pixels [size x size] from (iy, ix) on, zeros outside the image at `x`. */
export function fillPatch(patch: usize, size: i32, x: usize, ih: i32, iw: i32, c: i32, iy: i32, ix: i32): void {
  const pixel = <usize>c << 2;
  for (let i = iy; i < iy + size; i++)
    for (let j = ix; j < ix + size; j++, patch += pixel) {
      if (i < 0 || j < 0 || i >= ih || j >= iw) zeroFloats(patch, c);
      else copyFloats(patch, x + <usize>(i * iw + j) * pixel, c);
    }
}

/** A row of nine products from nine pixels, `step` bytes apart, of which the odd ones are taken as they are. */
@inline
function putRow(d: usize, step: usize, out: usize, unit: usize): void {
  const next = column(unit);
  stridedInputPairs(d, 2 * step, out, next);
  d += step;
  out += 5 * next;
  for (let i = 0; i < 4; i++, d += 2 * step, out += unit) copyPair(d, out);
}

/**
 * What 9x9 pixels of c channels give for the products of a tile, in rows `down` bytes apart; from one pair of eight
 * channels to the next it is `leap` bytes. `half`: 1440 bytes of scratch.
 */
function transformImage(
  d: usize, line: usize, c: i32, v: usize, unit: usize, down: usize, leap: usize, half: usize,
): void {
  const pixel = <usize>c << 2;
  for (let o: usize = 0; o < pixel; o += 32, d += 32, v += o & 32 ? 32 : leap) {
    for (let j: usize = 0; j < 9; j++) stridedInputPairs(d + j * pixel, 2 * line, half + 32 * j, 288);
    let out = v;
    for (let i: usize = 0; i < 5; i++, out += down) putRow(half + 288 * i, 32, out, unit);
    for (let i: usize = 0; i < 4; i++, out += down) putRow(d + (2 * i + 1) * line, pixel, out, unit);
  }
}

/** The 4x4 outputs of a tile's products for n channels, with bias and floor; height x width of them are written. */
function transformOutput(
  m: usize, unit: usize, y: usize, line: usize, pixel: usize, n: i32, height: i32, width: i32, bias: usize, lo: f32,
  half: usize,
): void {
  const low = f32x4.splat(lo), next = column(unit);
  for (const end = m + (<usize>n << 2); m < end; m += 32, y += 32, bias += 32) {
    let p = m, q = half;
    for (let i = 0; i < 9; i++, p += row(unit), q += 128) stridedOutputPairs(p, next, p + 5 * next, unit, q, 32);
    const b0 = v128.load(bias, 0), b1 = v128.load(bias, 16);
    let at = y;
    q = half;
    const o = half + 1152;
    for (let j = 0; j < width; j++, q += 32, at += pixel) {
      stridedOutputPairs(q, 128, q + 640, 128, o, 32);
      for (let i: usize = 0; i < <usize>height; i++) {
        const v0 = f32x4.add(v128.load(o + 32 * i, 0), b0), v1 = f32x4.add(v128.load(o + 32 * i, 16), b1);
        putPair(at + i * line, f32x4.max(v0, low), f32x4.max(v1, low));
      }
    }
  }
}

/**
 * The convolution of x [images, ih, iw, c] for tiles [from, to) of [images, ceil(oh / 4), ceil(ow / 4)], in blocks of
 * `block` tiles and groups of `group` panels. y [images, oh, ow, n]; `u` as `winogradFilter` leaves it; bias (a multiple of
 * 16 floats) and lo as in `gemm`.
 */
export function stridedConv(
  x: usize, ih: i32, iw: i32, c: i32, y: usize, oh: i32, ow: i32, n: i32, u: usize, bias: usize, lo: f32, zeros: usize,
  block: i32, group: i32, scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const half = ownScratch(scratch, stride), tile = half + 2048, patch = tile + 128;
  const pixel = <usize>c << 2, line = <usize>iw * pixel;
  const v = patch + 81 * pixel + 64;
  const padded = (n + 15) & ~15;
  const down = (oh + 3) >> 2, across = (ow + 3) >> 2;
  for (let t0 = from; t0 < to; t0 += block) {
    const count = min(block, to - t0);
    const unit = <usize>count * pixel;
    const m = v + 9 * row(unit);
    for (let t = 0; t < count; t++) {
      const tx = (t0 + t) % across, ty = ((t0 + t) / across) % down, b = (t0 + t) / (across * down);
      imageTile(
        x + <usize>(b * ih) * line, ih, iw, c, ty, tx, v + <usize>t * pixel, unit, row(unit), 32, patch, half,
      );
    }
    for (let p = 0; p < padded >> 4; p += group) {
      const last = min(p + group, padded >> 4), width = (last - p) << 4, first = p << 4;
      multiply(v, count, c, u, <usize>padded * pixel, padded, m, width, zeros, tile, p, last);
      for (let t = 0; t < count; t++) {
        const tx = (t0 + t) % across, ty = ((t0 + t) / across) % down, b = (t0 + t) / (across * down);
        const at = <usize>((b * oh + 4 * ty) * ow + 4 * tx) * n + first;
        transformOutput(
          m + (<usize>(t * width) << 2), <usize>(count * width) << 2, y + (at << 2), <usize>(ow * n) << 2, <usize>n << 2,
          min(width, n - first), min(4, oh - 4 * ty), min(4, ow - 4 * tx), bias + (<usize>first << 2), lo, half,
        );
      }
    }
  }
}

/** The products' values of tile (ty, tx) of the image at `x`. `patch`: for the pixels of a tile at the edge. */
export function imageTile(
  x: usize, ih: i32, iw: i32, c: i32, ty: i32, tx: i32, v: usize, unit: usize, down: usize, leap: usize, patch: usize,
  half: usize,
): void {
  const iy = 8 * ty - 1, ix = 8 * tx - 1;
  const pixel = <usize>c << 2;
  if (iy >= 0 && ix >= 0 && iy + 9 <= ih && ix + 9 <= iw) {
    transformImage(x + <usize>(iy * iw + ix) * pixel, <usize>iw * pixel, c, v, unit, down, leap, half);
  } else {
    fillPatch(patch, 9, x, ih, iw, c, iy, ix);
    transformImage(patch, 9 * pixel, c, v, unit, down, leap, half);
  }
}

/** What 5x5 pixels of the gradient dy give for the products of 8x8 pixels of the input's. */
function transformGradient(d: usize, line: usize, n: i32, v: usize, unit: usize, half: usize): void {
  const pixel = <usize>n << 2;
  for (const end = d + pixel; d < end; d += 32, v += 32) {
    for (let j: usize = 0; j < 5; j++) stridedInputPairs(d + j * pixel, line, half + 32 * j, 160);
    let out = v;
    for (let i: usize = 0; i < 5; i++, out += row(unit)) putGradientRow(half + 160 * i, 32, out, unit);
    for (let i: usize = 0; i < 4; i++, out += row(unit)) putGradientRow(d + i * line, pixel, out, unit);
  }
}

/** A row of nine products from five pixels, `step` bytes apart, of which four are taken as they are too. */
@inline
function putGradientRow(d: usize, step: usize, out: usize, unit: usize): void {
  const next = column(unit);
  stridedInputPairs(d, step, out, next);
  out += 5 * next;
  for (let i = 0; i < 4; i++, d += step, out += unit) copyPair(d, out);
}

/** The 8x8 pixels of a tile's products for c channels, of which height x width are written. */
function transformPixels(
  m: usize, unit: usize, dx: usize, line: usize, pixel: usize, c: i32, height: i32, width: i32, bias: usize, half: usize,
): void {
  const next = column(unit);
  for (const end = m + (<usize>c << 2); m < end; m += 32, dx += 32, bias += 32) {
    let q = half;
    for (let i: usize = 0; i < 9; i++, q += 128) stridedSpreadPairs(m + i * row(unit), next, q, 32);
    q = half;
    let e = m + 5 * next, at = dx;
    for (let j = 0; j < width; j += 2, at += 2 * pixel, e += unit, q += 32) {
      putColumn(e, row(unit), at, line, height, bias, half + 1152);
      if (j + 1 < width) putColumn(q, 128, at + pixel, line, height, bias, half + 1152);
    }
  }
}

/** A column of pixels from nine values `step` bytes apart: four between four that are taken as they are. */
@inline
function putColumn(m: usize, step: usize, at: usize, line: usize, height: i32, bias: usize, o: usize): void {
  stridedSpreadPairs(m, step, o, 32);
  const b0 = v128.load(bias, 0), b1 = v128.load(bias, 16);
  m += 5 * step;
  for (let i = 0; i < height; i += 2, m += step, o += 32) {
    const e0 = v128.load(m, 0), e1 = v128.load(m, 16);
    putPair(at, f32x4.add(e0, b0), f32x4.add(e1, b1));
    at += line;
    if (i + 1 < height) {
      const v0 = v128.load(o, 0), v1 = v128.load(o, 16);
      putPair(at, f32x4.add(v0, b0), f32x4.add(v1, b1));
      at += line;
    }
  }
}

/**
 * The gradient of `stridedConv`'s input, dx [images, ih, iw, c], from dy [images, oh, ow, n], or a transposed convolution
 * with bias: for tiles [from, to) of [images, ceil(ih / 8), ceil(iw / 8)]; else as `stridedConv`.
 */
export function stridedConvBack(
  dy: usize, oh: i32, ow: i32, n: i32, dx: usize, ih: i32, iw: i32, c: i32, u: usize, bias: usize, zeros: usize,
  block: i32, group: i32, scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const half = ownScratch(scratch, stride), tile = half + 2048, patch = tile + 128;
  const pixel = <usize>n << 2, line = <usize>ow * pixel;
  const v = patch + 25 * pixel + 64;
  const padded = (c + 15) & ~15;
  const down = (ih + 7) >> 3, across = (iw + 7) >> 3;
  for (let t0 = from; t0 < to; t0 += block) {
    const count = min(block, to - t0);
    const unit = <usize>count * pixel;
    const m = v + 9 * row(unit);
    for (let t = 0; t < count; t++) {
      const iy = (((t0 + t) / across) % down) << 2, ix = ((t0 + t) % across) << 2;
      const image = dy + <usize>((t0 + t) / (across * down) * oh) * line, at = v + <usize>t * pixel;
      if (iy + 5 <= oh && ix + 5 <= ow) {
        transformGradient(image + <usize>iy * line + <usize>ix * pixel, line, n, at, unit, half);
      } else {
        fillPatch(patch, 5, image, oh, ow, n, iy, ix);
        transformGradient(patch, 5 * pixel, n, at, unit, half);
      }
    }
    for (let p = 0; p < padded >> 4; p += group) {
      const last = min(p + group, padded >> 4), width = (last - p) << 4, first = p << 4;
      multiply(v, count, n, u, <usize>padded * pixel, padded, m, width, zeros, tile, p, last);
      for (let t = 0; t < count; t++) {
        const tx = (t0 + t) % across, ty = ((t0 + t) / across) % down, b = (t0 + t) / (across * down);
        const at = <usize>((b * ih + 8 * ty) * iw + 8 * tx) * c + first;
        transformPixels(
          m + (<usize>(t * width) << 2), <usize>(count * width) << 2, dx + (at << 2), <usize>(iw * c) << 2, <usize>c << 2,
          min(width, c - first), min(8, ih - 8 * ty), min(8, iw - 8 * tx), bias + (<usize>first << 2), half,
        );
      }
    }
  }
}
