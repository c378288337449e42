import { copyMasked, zeroFloats } from "./copy";
import { gemm } from "./gemm";
import { putLanes } from "./lanes";
import { ownScratch } from "./thread";

/**
 * A convolution of stride 1 to n channels, 4 at most, of which a panel of 16 columns would be mostly zeros: each
 * pixel of x [images, ih, iw, c] is multiplied with all taps at once, [c][kh kw n] as panels, and each of
 * y [images, oh, ow, n] gathers its taps' products from the pixels around it. A task is a band of `band` rows of
 * an image of y; tasks [from, to). `columns`: kh kw n up to a multiple of 16; `zeros`: as many; `mask`, bias (4
 * floats) and lo as in `conv`.
 */
export function narrowConv(
  x: usize, mask: usize, ih: i32, iw: i32, c: i32, w: usize, kh: i32, kw: i32, columns: i32,
  y: usize, oh: i32, ow: i32, n: i32, padY: i32, padX: i32, bias: usize, lo: f32, zeros: usize,
  band: i32, scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const tile = ownScratch(scratch, stride);
  const pixel = <usize>columns << 2;
  const left = max(0, padX), right = max(0, ow - 1 - padX + kw - iw);
  const line = <usize>(left + iw + right) * pixel;
  const products = tile + 128; // a ring of kh rows, zeros beside the image
  const masked = products + <usize>kh * line + 64;
  const row = <usize>(iw * c) << 2;
  const bands = (oh + band - 1) / band;
  for (let r = 0; r < kh; r++) {
    zeroFloats(products + <usize>r * line, left * columns);
    zeroFloats(products + <usize>r * line + <usize>(left + iw) * pixel, right * columns);
  }
  for (let t = from; t < to; t++) {
    const image = t / bands, first = (t % bands) * band, last = min(oh, first + band);
    let next = first - padY; // the next row of x to multiply
    for (let i = first; i < last; i++) {
      for (; next < i - padY + kh; next++) {
        if (next < 0 || next >= ih) continue;
        const at = <usize>(image * ih + next) * row;
        if (mask) copyMasked(masked, x + at, mask + at, iw * c);
        gemm(
          mask ? masked : x + at, <usize>c << 2, iw, c, w, columns,
          products + <usize>(next % kh) * line + <usize>left * pixel, pixel, zeros, -Infinity, tile, 0, columns >> 4,
        );
      }
      let out = y + ((<usize>((image * oh + i) * ow) * n) << 2);
      const low = f32x4.splat(lo), b = v128.load(bias);
      for (let j = 0; j < ow; j++, out += <usize>n << 2) {
        let sum = b;
        const start = <usize>(j - padX + left) * pixel;
        for (let ky = 0; ky < kh; ky++) {
          const iy = i - padY + ky;
          if (iy < 0 || iy >= ih) continue;
          let p = products + <usize>(iy % kh) * line + start + (<usize>(ky * kw * n) << 2);
          for (let kx = 0; kx < kw; kx++, p += pixel + (<usize>n << 2)) sum = f32x4.add(sum, v128.load(p));
        }
        putLanes(out, f32x4.max(sum, low), n);
      }
    }
  }
}
