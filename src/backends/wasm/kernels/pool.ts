import { zeroFloats } from "./copy";

/** First and last + 1 of a window from `start` of `size` within n. */
@inline
function low(start: i32): i32 {
  return max(0, start);
}

/**
 * Rows [from, to) of [images, oh] of y [images, oh, ow, c]: the largest (average = 0) or mean value of each
 * window of x [images, ih, iw, c]; what hangs over the edge doesn't count.
 */
export function pool(
  x: usize, ih: i32, iw: i32, c: i32, y: usize, oh: i32, ow: i32, fh: i32, fw: i32,
  strideY: i32, strideX: i32, padY: i32, padX: i32, average: i32, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  let q = y + <usize>from * ow * line;
  for (let r = from; r < to; r++) {
    const image = r / oh, top = (r % oh) * strideY - padY;
    const y0 = low(top), y1 = min(ih, top + fh);
    for (let j = 0; j < ow; j++, q += line) {
      const left = j * strideX - padX;
      const x0 = low(left), x1 = min(iw, left + fw);
      const share = average ? f32x4.splat(<f32>1 / <f32>((y1 - y0) * (x1 - x0))) : f32x4.splat(1);
      for (let o: usize = 0; o < line; o += 16) {
        const whole = o + 16 <= line;
        const stop = whole ? o + 4 : line; // a vector of channels, or the last few one by one
        for (let l = o; l < stop; l += 4) {
          let s = f32x4.splat(average ? 0 : -Infinity);
          for (let i = y0; i < y1; i++) {
            let p = x + <usize>((image * ih + i) * iw + x0) * line + l;
            for (let k = x0; k < x1; k++, p += line) {
              const v = whole ? v128.load(p) : v128.load32_splat(p);
              s = average ? f32x4.add(s, v) : f32x4.pmax(s, v); // NaN doesn't count, as in tfjs
            }
          }
          if (average) s = f32x4.mul(s, share);
          if (whole) v128.store(q + l, s);
          else v128.store32_lane(q + l, s, 0);
        }
      }
    }
  }
}

/**
 * dx [images, ih, iw, c] of images [from, to) from dy [images, oh, ow, c]. Largest (average = 0): all of a
 * window's gradient goes to the first pixel that equals y; average: an equal share to each that counts.
 */
export function poolGrad(
  x: usize, y: usize, dy: usize, ih: i32, iw: i32, c: i32, dx: usize, oh: i32, ow: i32, fh: i32, fw: i32,
  strideY: i32, strideX: i32, padY: i32, padX: i32, average: i32, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  for (let image = from; image < to; image++) {
    zeroFloats(dx + <usize>image * ih * iw * line, ih * iw * c);
    for (let r = 0; r < oh; r++) {
      const top = r * strideY - padY;
      const y0 = low(top), y1 = min(ih, top + fh);
      for (let j = 0; j < ow; j++) {
        const left = j * strideX - padX;
        const x0 = low(left), x1 = min(iw, left + fw);
        const share = <f32>1 / <f32>((y1 - y0) * (x1 - x0));
        const q = <usize>((image * oh + r) * ow + j) * line;
        for (let o: usize = 0; o < line; o += 16) {
          const whole = o + 16 <= line;
          const stop = whole ? o + 4 : line; // a vector of channels, or the last few one by one
        for (let l = o; l < stop; l += 4) {
            let g = whole ? v128.load(dy + q + l) : v128.load32_splat(dy + q + l);
            let best = f32x4.splat(0);
            if (average) g = f32x4.mul(g, f32x4.splat(share));
            else best = whole ? v128.load(y + q + l) : v128.load32_splat(y + q + l);
            for (let i = y0; i < y1; i++) {
              let p = <usize>((image * ih + i) * iw + x0) * line + l;
              for (let k = x0; k < x1; k++, p += line) {
                const at = dx + p;
                const before = whole ? v128.load(at) : v128.load32_splat(at);
                let part = g;
                if (!average) {
                  const hit = f32x4.eq(whole ? v128.load(x + p) : v128.load32_splat(x + p), best);
                  part = v128.and(g, hit);
                  g = v128.andnot(g, hit);
                }
                if (whole) v128.store(at, f32x4.add(before, part));
                else v128.store32_lane(at, f32x4.add(before, part), 0);
              }
            }
          }
        }
      }
    }
  }
}
