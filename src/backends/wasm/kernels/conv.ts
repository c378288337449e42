import { copyFloats, copyMasked, zeroFloats } from "./copy";
import { gemm, narrow, turnPanel } from "./gemm";
import { ownScratch } from "./thread";

/** `n` floats of a row of windows, masked where there is a mask. */
@inline
function gather(to: usize, x: usize, mask: usize, at: usize, n: i32): void {
  if (mask) copyMasked(to, x + at, mask + at, n);
  else copyFloats(to, x + at, n);
}

/** The window [kh][kw][c] whose first pixel is (iy, ix) of the image at byte `at`; zeros outside it. */
function window(
  to: usize, x: usize, mask: usize, at: usize, ih: i32, iw: i32, c: i32,
  kh: i32, kw: i32, iy: i32, ix: i32, dilationY: i32, dilationX: i32,
): void {
  const run = kw * c;
  for (let ky = 0; ky < kh; ky++, iy += dilationY, to += <usize>run << 2) {
    if (iy < 0 || iy >= ih) {
      zeroFloats(to, run);
      continue;
    }
    const row = at + ((<usize>(iy * iw) * c) << 2);
    if (dilationX == 1) {
      const before = max(0, min(kw, -ix)), after = max(before, min(kw, iw - ix));
      if (before > 0) zeroFloats(to, before * c);
      if (after > before)
        gather(to + (<usize>(before * c) << 2), x, mask, row + ((<usize>(ix + before) * c) << 2), (after - before) * c);
      if (after < kw) zeroFloats(to + (<usize>(after * c) << 2), (kw - after) * c);
    } else {
      for (let kx = 0; kx < kw; kx++) {
        const px = ix + kx * dilationX, q = to + (<usize>(kx * c) << 2);
        if (px < 0 || px >= iw) zeroFloats(q, c);
        else gather(q, x, mask, row + ((<usize>px * c) << 2), c);
      }
    }
  }
}

/**
 * A convolution of pixels [from, to) of [images, oh, ow], window by window: each becomes a row of a matrix that is
 * multiplied with the filter's panels, [n / 16][kh kw c][16] (with n <= 4: [n][kh kw c]); then bias and floor as in `gemm`.
 * Pixel (i, j) starts at (i strideY + offsetY, j strideX + offsetX) of x [images, ih, iw, c] and goes to (i stepY + firstY,
 * j stepX + firstX) of y [images, height, width, n]: steps above 1 are what the gradient of a strided
 * convolution wants. `mask`: 0, or a ReLU's output of x's shape; where it is not above 0, x counts as 0.
 */
export function conv(
  x: usize, mask: usize, ih: i32, iw: i32, c: i32, w: usize, kh: i32, kw: i32, bias: usize, lo: f32,
  oh: i32, ow: i32, strideY: i32, strideX: i32, offsetY: i32, offsetX: i32, dilationY: i32, dilationX: i32,
  y: usize, height: i32, width: i32, n: i32, stepY: i32, stepX: i32, firstY: i32, firstX: i32,
  block: i32, scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const tile = ownScratch(scratch, stride);
  const k = kh * kw * c;
  const rows = tile + 128;
  const lda = <usize>k << 2, ldc = <usize>n << 2;
  const results = rows + <usize>block * lda;
  const panels = (n + 15) >> 4;
  const dense = stepY == 1 && stepX == 1 && height == oh && width == ow;
  const straight = k == c && mask == 0 && strideY == 1 && strideX == 1 && ih == oh && iw == ow && offsetY == 0 && offsetX == 0;
  const image = (<usize>(ih * iw) * c) << 2;
  for (let p = from; p < to; p += block) {
    const count = min(block, to - p);
    let a = rows;
    if (straight) a = x + <usize>p * lda;
    else {
      let j = p % ow, i = (p / ow) % oh, at = <usize>(p / (ow * oh)) * image;
      for (let r = 0; r < count; r++) {
        window(
          rows + <usize>r * lda, x, mask, at, ih, iw, c, kh, kw,
          i * strideY + offsetY, j * strideX + offsetX, dilationY, dilationX,
        );
        if (++j == ow) {
          j = 0;
          if (++i == oh) {
            i = 0;
            at += image;
          }
        }
      }
    }
    const out = dense ? y + <usize>p * ldc : results;
    if (n <= 4) narrow(a, lda, count, k, w, n, out, ldc, bias, lo);
    else gemm(a, lda, count, k, w, n, out, ldc, bias, lo, tile, 0, panels);
    if (dense) continue;
    for (let r = 0; r < count; r++) {
      const q = p + r, j = q % ow, i = (q / ow) % oh, b = q / (ow * oh);
      const pixel = (b * height + i * stepY + firstY) * width + j * stepX + firstX;
      copyFloats(y + <usize>pixel * ldc, results + <usize>r * ldc, n);
    }
  }
}

/**
 * The panels of the filter that carries gradients back to the pixels of one parity of a strided convolution's
 * input, [c / 16][nky nkx n][16], from w [kh][kw][c][n]: taps lastY - stepY u, lastX - stepX v, in order of the
 * gradient's rows and columns. Panels [from, to).
 */
export function packTransposed(
  w: usize, kw: i32, c: i32, n: i32, lastY: i32, stepY: i32, nky: i32, lastX: i32, stepX: i32, nkx: i32,
  out: usize, from: i32, to: i32,
): void {
  const k = nky * nkx * n;
  for (let p = from; p < to; p++) {
    let q = out + ((<usize>(p << 4) * k) << 2);
    const columns = min(16, c - (p << 4));
    for (let u = 0; u < nky; u++)
      for (let v = 0; v < nkx; v++) {
        const tap = (lastY - u * stepY) * kw + lastX - v * stepX;
        turnPanel(w + ((<usize>(tap * c + (p << 4)) * n) << 2), <usize>n << 2, n, columns, q);
        q += <usize>n << 6;
      }
  }
}
