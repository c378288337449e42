import { copyFloats, zeroFloats } from "./copy";
import { madd } from "./madd";
import { addOuter } from "./outer";
import { isWide, ownScratch } from "./thread";

/** Pixels packed at a time. */
const PIXELS: i32 = 128;
/** Rows of the gradient, elements of a filter's row [kw][c], of one task. */
const ROWS: i32 = 96;
/** Bytes of a packed pixel of x; an odd number of cache lines, against set aliasing. */
const LDA: usize = (<usize>ROWS << 2) + 64;

/**
 * Eight rows by four columns of A^T B over `pixels`, into tile [4][8]; for gradients of so few channels. B:
 * [pixels][8].
 */
function outer8x4(pixels: i32, a: usize, b: usize, tile: usize): void {
  let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
  for (const end = b + (<usize>pixels << 5); b < end; b += 32, a += LDA) {
    const a0 = v128.load(a), a1 = v128.load(a, 16);
    let y = v128.load32_splat(b, 0);
    s00 = madd(y, a0, s00);
    s01 = madd(y, a1, s01);
    y = v128.load32_splat(b, 4);
    s10 = madd(y, a0, s10);
    s11 = madd(y, a1, s11);
    y = v128.load32_splat(b, 8);
    s20 = madd(y, a0, s20);
    s21 = madd(y, a1, s21);
    y = v128.load32_splat(b, 12);
    s30 = madd(y, a0, s30);
    s31 = madd(y, a1, s31);
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

/**
 * The gradient of a convolution's filter, [parts][kh][kw][c][n], whose parts the caller adds. A task is part x
 * filter row x block of 96 elements of [kw][c], or, where all of [kh][kw][c] are no more than that, a part; tasks
 * [from, to). A part has the pixels [i, i + 1) / parts of [images, oh, ow], cut at multiples of 128.
 */
export function filterGrad(
  x: usize, ih: i32, iw: i32, c: i32, dy: usize, images: i32, oh: i32, ow: i32, n: i32, kh: i32, kw: i32,
  strideY: i32, strideX: i32, padY: i32, padX: i32, dw: usize, parts: i32,
  scratch: usize, stride: usize, from: i32, to: i32,
): void {
  const a = ownScratch(scratch, stride);
  const tile = a + <usize>PIXELS * LDA;
  const b = tile + 512;
  const width = isWide() && n > 8 ? 16 : 8; // columns of a panel of dy
  const run = kw * c;
  const together = kh * run <= ROWS ? kh : 1; // filter rows of a task
  const groups = kh / together, blocks = (run + ROWS - 1) / ROWS;
  const size = (<usize>(kh * run) * n) << 2;
  const pixels = images * oh * ow;
  const pixelBlocks = (pixels + PIXELS - 1) / PIXELS;
  for (let t = from; t < to; t++) {
    const part = t / (groups * blocks), ky = ((t / blocks) % groups) * together, e0 = (t % blocks) * ROWS;
    const length = min(ROWS, run - e0), rows = length * together;
    const out = dw + <usize>part * size + ((<usize>(ky * run + e0) * n) << 2);
    const first = <i32>((<i64>pixelBlocks * part) / parts) * PIXELS;
    const last = min(pixels, <i32>((<i64>pixelBlocks * (part + 1)) / parts) * PIXELS);
    zeroFloats(out, rows * n);
    for (let p = first; p < last; p += PIXELS) {
      const count = min(PIXELS, last - p);
      for (let k = 0; k < together; k++) // one after the other: each fills up with zeros behind its own
        packImages(
          a + (<usize>(k * run) << 2), x, ih, iw, c, p, count, oh, ow, strideY, ky + k - padY, strideX, padX, e0, length,
        );
      packGradients(b, dy + ((<usize>p * n) << 2), count, n, width);
      multiply(a, b, tile, count, rows, n, width, out);
    }
  }
}

/** Elements [e0, e0 + rows) of the filter-row-long runs of x that belong to `count` pixels from `p` on. */
function packImages(
  a: usize, x: usize, ih: i32, iw: i32, c: i32, p: i32, count: i32, oh: i32, ow: i32,
  strideY: i32, offsetY: i32, strideX: i32, padX: i32, e0: i32, rows: i32,
): void {
  let j = p % ow, i = (p / ow) % oh, image = p / (ow * oh);
  const padded = (rows + 3) & ~3;
  for (let r = 0; r < count; r++, a += LDA) {
    const iy = i * strideY + offsetY;
    const start = (j * strideX - padX) * c + e0; // in the image's row, as floats
    const before = iy < 0 || iy >= ih ? rows : max(0, min(rows, -start));
    const after = max(before, min(rows, iw * c - start));
    if (before > 0) zeroFloats(a, before);
    if (before < rows && after > before) {
      const row = x + ((<usize>(image * ih + iy) * (iw * c)) << 2);
      copyFloats(a + (<usize>before << 2), row + (<usize>(start + before) << 2), after - before);
    }
    if (before < rows) zeroFloats(a + (<usize>after << 2), padded - after);
    else zeroFloats(a, padded);
    if (++j == ow) {
      j = 0;
      if (++i == oh) {
        i = 0;
        image++;
      }
    }
  }
}

/** dy's rows of n floats as panels [n / width][count][width], the last one filled up with zeros. */
function packGradients(b: usize, dy: usize, count: i32, n: i32, width: i32): void {
  const pixel = <usize>width << 2, panel = <usize>count * pixel;
  for (let r = 0; r < count; r++, b += pixel) {
    let q = b;
    for (let o = 0; o < n; o += width, q += panel) {
      const columns = min(width, n - o);
      if (columns == 16) {
        const v0 = v128.load(dy, 0), v1 = v128.load(dy, 16), v2 = v128.load(dy, 32), v3 = v128.load(dy, 48);
        v128.store(q, v0, 0);
        v128.store(q, v1, 16);
        v128.store(q, v2, 32);
        v128.store(q, v3, 48);
      } else if (columns == 8) {
        v128.store(q, v128.load(dy, 0), 0);
        v128.store(q, v128.load(dy, 16), 16);
        if (width == 16) zeroFloats(q + 32, 8);
      } else {
        copyFloats(q, dy, columns);
        zeroFloats(q + (<usize>columns << 2), width - columns);
      }
      dy += <usize>columns << 2;
    }
  }
}

function multiply(
  a: usize, b: usize, tile: usize, count: i32, rows: i32, n: i32, width: i32, out: usize,
): void {
  const ldc = <usize>n << 2;
  if (n <= 4) {
    for (let e = 0; e < rows; e += 8) {
      outer8x4(count, a + (<usize>e << 2), b, tile);
      for (let r = 0; r < min(8, rows - e); r++)
        for (let o = 0; o < n; o++) {
          const c = out + <usize>(e + r) * ldc + (<usize>o << 2);
          const sum = load<f32>(tile + ((<usize>(o << 3) + r) << 2));
          store<f32>(c, load<f32>(c) + sum);
        }
    }
    return;
  }
  const line = <usize>width << 2;
  const whole = rows & ~3;
  for (let o = 0; o < n; o += width, b += <usize>count * line) {
    const columns = min(width, n - o);
    const c = out + (<usize>o << 2);
    if (columns == width && whole > 0) addOuter(count, a, LDA, whole, b, line, width, c, ldc, tile + 256);
    for (let e = columns == width ? whole : 0; e < rows; e += 4) {
      const height = min(4, rows - e), at = c + <usize>e * ldc;
      for (let r = 0; r < height; r++) copyFloats(tile + <usize>r * line, at + <usize>r * ldc, columns);
      addOuter(count, a + (<usize>e << 2), LDA, 4, b, line, width, tile, line, tile + 256);
      for (let r = 0; r < height; r++) copyFloats(at + <usize>r * ldc, tile + <usize>r * line, columns);
    }
  }
}
