import { copyFloats, copyMasked, zeroFloats } from "./copy";
import { gemm } from "./gemm";
import { putLanes } from "./lanes";
import { stridedFilterPoints } from "./strided_points";
import { ownScratch } from "./thread";
import { filterPoints, inputPairs, inputPoints, outputPairs, outputPoints, putPair } from "./winograd_points";

// F(4x4, 3x3) of Lavin & Gray, "Fast algorithms for convolutional neural networks" (arXiv 1509.09308): each tile
// of 4x4 outputs comes from 6x6 inputs by 36 products a channel instead of 144.

/**
 * The filter's 36 transformed points, [36][n / 16][channels][16], for input channels [from, to) of `channels`,
 * those from c on and columns from n on being zeros. Element (tap, channel, column) of `w` is at tap
 * `taps` + channel `rows` + column `columns` floats; `last`: tap 0 is the filter's last, for the input's gradient;
 * `strided`: the points of strided.ts.
 */
export function winogradFilter(
  w: usize, taps: i32, rows: i32, columns: i32, last: bool, strided: bool, c: i32, channels: i32, n: i32, u: usize,
  scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const g = ownScratch(scratch, stride), half = g + 144;
  const padded = (n + 15) & ~15;
  const point = (<usize>channels * padded) << 2;
  for (let i = from; i < to; i++)
    for (let o = 0; o < padded; o += 4) {
      for (let tap = 0; tap < 9; tap++) {
        const source = w + (<usize>((last ? 8 - tap : tap) * taps + i * rows + o * columns) << 2);
        for (let l = 0; l < 4; l++) {
          const value: f32 = i < c && o + l < n ? load<f32>(source + (<usize>(l * columns) << 2)) : 0;
          store<f32>(g + <usize>(tap * 16 + l * 4), value);
        }
      }
      let out = u + (((<usize>(o >> 4) * channels + i) << 6) + (<usize>(o & 15) << 2));
      if (strided) {
        for (let x: usize = 0; x < 48; x += 16) stridedFilterPoints(g + x, 48, half + x, 48);
        for (let y: usize = 0; y < 6; y++, out += 6 * point) stridedFilterPoints(half + y * 48, 16, out, point);
      } else {
        for (let x: usize = 0; x < 48; x += 16) filterPoints(g + x, 48, half + x, 48);
        for (let y: usize = 0; y < 6; y++, out += 6 * point) filterPoints(half + y * 48, 16, out, point);
      }
    }
}

/**
 * A 3x3 convolution of stride 1 for tiles [from, to) of [images, ceil(oh / 4), ceil(ow / 4)], in blocks of
 * `block` tiles. x [images, ih, iw, c], y [images, oh, ow, n]; `channels`: c up to a multiple of 4; `u` as
 * `winogradFilter` leaves it; `mask` as in `conv`; bias (a multiple of 16 floats) and lo as in `gemm`.
 */
export function winograd(
  x: usize, mask: usize, ih: i32, iw: i32, c: i32, channels: i32, y: usize, oh: i32, ow: i32, n: i32,
  padY: i32, padX: i32, u: usize, bias: usize, lo: f32, zeros: usize,
  block: i32, scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const padded = (n + 15) & ~15;
  const pixel = (<usize>channels << 2) + 64; // of a patch; the 64 are against set aliasing, as below
  const inPoint = ((<usize>block * channels) << 2) + 64, outPoint = ((<usize>block * padded) << 2) + 64;
  const half = ownScratch(scratch, stride);
  const tile = half + 1280;
  const patch = tile + 128;
  const v = patch + 36 * pixel;
  const m = v + 36 * inPoint;
  const down = (oh + 3) >> 2, across = (ow + 3) >> 2;
  const image = (<usize>(ih * iw) * c) << 2;
  const line = (<usize>iw * c) << 2;
  const panel = (<usize>channels * padded) << 2;
  for (let t0 = from; t0 < to; t0 += block) {
    const count = min(block, to - t0);
    for (let t = 0; t < count; t++) {
      const tx = (t0 + t) % across, ty = ((t0 + t) / across) % down, b = (t0 + t) / (across * down);
      const iy = (ty << 2) - padY, ix = (tx << 2) - padX;
      const at = <usize>b * image;
      const out = v + ((<usize>t * channels) << 2);
      if (mask == 0 && c == channels && iy >= 0 && ix >= 0 && iy + 6 <= ih && ix + 6 <= iw) {
        transformInput(x + at + ((<usize>(iy * iw + ix) * c) << 2), line, <usize>c << 2, channels, out, inPoint, half);
      } else {
        fillPatch(patch, pixel, x, mask, at, ih, iw, c, channels, iy, ix);
        transformInput(patch, 6 * pixel, pixel, channels, out, inPoint, half);
      }
    }
    for (let p = 0; p < 36; p++) {
      gemm(
        v + <usize>p * inPoint, <usize>channels << 2, count, channels, u + <usize>p * panel, padded,
        m + <usize>p * outPoint, <usize>padded << 2, zeros, -Infinity, tile, 0, padded >> 4,
      );
    }
    for (let t = 0; t < count; t++) {
      const tx = (t0 + t) % across, ty = ((t0 + t) / across) % down, b = (t0 + t) / (across * down);
      const oy = ty << 2, ox = tx << 2;
      const out = y + ((<usize>((b * oh + oy) * ow + ox) * n) << 2);
      transformOutput(
        m + ((<usize>t * padded) << 2), outPoint, out, (<usize>ow * n) << 2, n,
        min(4, oh - oy), min(4, ow - ox), bias, lo, half,
      );
    }
  }
}

/** The 6x6 pixels from (iy, ix) on, zeros outside the image and in channels from c on. */
function fillPatch(
  patch: usize, pixel: usize, x: usize, mask: usize, at: usize, ih: i32, iw: i32, c: i32, channels: i32,
  iy: i32, ix: i32,
): void {
  for (let i = iy; i < iy + 6; i++)
    for (let j = ix; j < ix + 6; j++, patch += pixel) {
      if (i < 0 || j < 0 || i >= ih || j >= iw) {
        zeroFloats(patch, channels);
        continue;
      }
      const from = at + ((<usize>(i * iw + j) * c) << 2);
      if (mask) copyMasked(patch, x + from, mask + from, c);
      else copyFloats(patch, x + from, c);
      if (c < channels) zeroFloats(patch + (<usize>c << 2), channels - c);
    }
}

/** B^T d B of one tile for all channels; the 36 points go `point` bytes apart. */
function transformInput(d: usize, line: usize, pixel: usize, channels: i32, v: usize, point: usize, half: usize): void {
  let i = 0;
  for (; i + 8 <= channels; i += 8, d += 32, v += 32) {
    let q = half;
    for (let j: usize = 0, p = d; j < 6; j++, p += pixel, q += 32) inputPairs(p, line, q, 192);
    let out = v;
    for (q = half; q < half + 1152; q += 192, out += 6 * point) inputPairs(q, 32, out, point);
  }
  if (i == channels) return;
  let q = half;
  for (let j: usize = 0; j < 6; j++, d += pixel, q += 16) inputPoints(d, line, q, 96);
  for (q = half; q < half + 576; q += 96, v += 6 * point) inputPoints(q, 16, v, point);
}

/** A^T m A of one tile, with bias and floor; writes height x width pixels of n channels. */
function transformOutput(
  m: usize, point: usize, y: usize, line: usize, n: i32, height: i32, width: i32, bias: usize, lo: f32, half: usize,
): void {
  const pixel = <usize>n << 2;
  const low = f32x4.splat(lo);
  let o = 0;
  for (; o + 8 <= n; o += 8, m += 32, y += 32, bias += 32) {
    let p = m, q = half;
    for (let i = 0; i < 6; i++, p += 6 * point, q += 32) outputPairs(p, point, q, 192);
    const b0 = v128.load(bias, 0), b1 = v128.load(bias, 16);
    let column = y;
    q = half;
    for (let j = 0; j < width; j++, q += 192, column += pixel) {
      outputPairs(q, 32, q, 32); // in place: all six are read first
      let at = column;
      for (let i: usize = 0; i < <usize>height; i++, at += line) {
        const v0 = v128.load(q + (i << 5), 0), v1 = v128.load(q + (i << 5), 16);
        putPair(at, f32x4.max(f32x4.add(v0, b0), low), f32x4.max(f32x4.add(v1, b1), low));
      }
    }
  }
  for (; o < n; o += 4, m += 16, y += 16, bias += 16) {
    let p = m, q = half;
    for (let i = 0; i < 6; i++, p += 6 * point, q += 16) outputPoints(p, point, q, 96);
    const b = v128.load(bias);
    const lanes = n - o;
    let column = y;
    q = half;
    for (let j = 0; j < width; j++, q += 96, column += pixel) {
      outputPoints(q, 16, q, 16);
      let at = column;
      for (let i: usize = 0; i < <usize>height; i++, at += line) {
        putLanes(at, f32x4.max(f32x4.add(v128.load(q + (i << 4)), b), low), lanes);
      }
    }
  }
}
