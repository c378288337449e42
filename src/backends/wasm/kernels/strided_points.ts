import { madd } from "./madd";
import { putPair } from "./winograd_points";

// One dimension of a convolution of 3 taps and stride 2, four outputs from nine inputs by nine products instead of
// twelve: the odd taps see every other input, a convolution of 2 taps and stride 1, which is Winograd's F(4, 2) with
// the points 0, 1, -1, 2 and infinity (arXiv 1509.09308); the middle tap's four inputs are multiplied as they are. For
// pairs of neighbouring vectors, in an order in which an engine can join them.

/** The filter's six points of three taps `step` bytes apart: five of the outer two, then the middle one. */
@inline
export function stridedFilterPoints(g: usize, step: usize, out: usize, next: usize): void {
  const g0 = v128.load(g), g1 = v128.load(g + step), g2 = v128.load(g + 2 * step);
  const half = f32x4.splat(0.5), sixth = f32x4.splat(<f32>(1.0 / 6));
  v128.store(out, f32x4.mul(g0, half)); out += next;
  v128.store(out, f32x4.mul(f32x4.add(g0, g2), half)); out += next;
  v128.store(out, f32x4.mul(f32x4.sub(g0, g2), sixth)); out += next;
  v128.store(out, f32x4.mul(f32x4.add(g0, f32x4.add(g2, g2)), sixth)); out += next;
  v128.store(out, g2); out += next;
  v128.store(out, g1);
}

@inline
function twice(v: v128): v128 {
  return f32x4.add(v, v);
}

// The five points of d, `t` being d3 - d1.
@inline
function in0(d0: v128, d2: v128, t: v128): v128 {
  return madd(f32x4.splat(2), f32x4.sub(d0, d2), t);
}
@inline
function in1(d1: v128, d2: v128, d3: v128): v128 {
  return f32x4.add(f32x4.sub(d2, d3), twice(d1));
}
@inline
function in2(d1: v128, d2: v128, d3: v128): v128 {
  return f32x4.sub(madd(f32x4.splat(3), d2, f32x4.neg(d3)), twice(d1));
}
@inline
function in4(d2: v128, d4: v128, t: v128): v128 {
  return f32x4.sub(f32x4.sub(d4, d2), twice(t));
}

/** The points of five values `step` bytes apart, `next` bytes apart. */
@inline
export function stridedInputPairs(d: usize, step: usize, out: usize, next: usize): void {
  const d0 = v128.load(d, 0), e0 = v128.load(d, 16); d += step;
  const d1 = v128.load(d, 0), e1 = v128.load(d, 16); d += step;
  const d2 = v128.load(d, 0), e2 = v128.load(d, 16); d += step;
  const d3 = v128.load(d, 0), e3 = v128.load(d, 16); d += step;
  const d4 = v128.load(d, 0), e4 = v128.load(d, 16);
  const t = f32x4.sub(d3, d1), u = f32x4.sub(e3, e1);
  putPair(out, in0(d0, d2, t), in0(e0, e2, u)); out += next;
  putPair(out, in1(d1, d2, d3), in1(e1, e2, e3)); out += next;
  putPair(out, in2(d1, d2, d3), in2(e1, e2, e3)); out += next;
  putPair(out, t, u); out += next;
  putPair(out, in4(d2, d4, t), in4(e2, e4, u));
}

/** The four outputs of five products `step` bytes apart, each with a value from `e` on, `between` bytes apart. */
@inline
export function stridedOutputPairs(m: usize, step: usize, e: usize, between: usize, out: usize, next: usize): void {
  const m1 = v128.load(m + step, 0), n1 = v128.load(m + step, 16);
  const m2 = v128.load(m + 2 * step, 0), n2 = v128.load(m + 2 * step, 16);
  const s = f32x4.add(m1, m2), t = f32x4.add(n1, n2);
  const d = f32x4.sub(m1, m2), f = f32x4.sub(n1, n2);
  const m3 = v128.load(m + 3 * step, 0), n3 = v128.load(m + 3 * step, 16);
  const m0 = v128.load(m, 0), n0 = v128.load(m, 16), e0 = v128.load(e, 0), f0 = v128.load(e, 16);
  e += between;
  putPair(out, f32x4.add(f32x4.add(f32x4.add(m0, e0), m3), s), f32x4.add(f32x4.add(f32x4.add(n0, f0), n3), t));
  out += next;
  const e1 = v128.load(e, 0), f1 = v128.load(e, 16);
  e += between;
  putPair(out, f32x4.add(madd(f32x4.splat(2), m3, d), e1), f32x4.add(madd(f32x4.splat(2), n3, f), f1));
  out += next;
  const e2 = v128.load(e, 0), f2 = v128.load(e, 16);
  e += between;
  putPair(out, f32x4.add(madd(f32x4.splat(4), m3, s), e2), f32x4.add(madd(f32x4.splat(4), n3, t), f2));
  out += next;
  const e3 = v128.load(e, 0), f3 = v128.load(e, 16);
  const m4 = v128.load(m + 4 * step, 0), n4 = v128.load(m + 4 * step, 16);
  putPair(
    out, f32x4.add(f32x4.add(madd(f32x4.splat(8), m3, d), m4), e3),
    f32x4.add(f32x4.add(madd(f32x4.splat(8), n3, f), n4), f3),
  );
}

/** The same without those values. */
@inline
export function stridedSpreadPairs(m: usize, step: usize, out: usize, next: usize): void {
  const m1 = v128.load(m + step, 0), n1 = v128.load(m + step, 16);
  const m2 = v128.load(m + 2 * step, 0), n2 = v128.load(m + 2 * step, 16);
  const s = f32x4.add(m1, m2), t = f32x4.add(n1, n2);
  const d = f32x4.sub(m1, m2), f = f32x4.sub(n1, n2);
  const m3 = v128.load(m + 3 * step, 0), n3 = v128.load(m + 3 * step, 16);
  const m0 = v128.load(m, 0), n0 = v128.load(m, 16);
  const m4 = v128.load(m + 4 * step, 0), n4 = v128.load(m + 4 * step, 16);
  putPair(out, f32x4.add(f32x4.add(m0, m3), s), f32x4.add(f32x4.add(n0, n3), t)); out += next;
  putPair(out, madd(f32x4.splat(2), m3, d), madd(f32x4.splat(2), n3, f)); out += next;
  putPair(out, madd(f32x4.splat(4), m3, s), madd(f32x4.splat(4), n3, t)); out += next;
  putPair(out, f32x4.add(madd(f32x4.splat(8), m3, d), m4), f32x4.add(madd(f32x4.splat(8), n3, f), n4));
}

/** The points of the gradients of four outputs `step` bytes apart: the transpose of `stridedOutputPairs`. */
@inline
export function stridedGradientPairs(y: usize, step: usize, out: usize, next: usize): void {
  const y0 = v128.load(y, 0), z0 = v128.load(y, 16); y += step;
  const y1 = v128.load(y, 0), z1 = v128.load(y, 16); y += step;
  const y2 = v128.load(y, 0), z2 = v128.load(y, 16); y += step;
  const y3 = v128.load(y, 0), z3 = v128.load(y, 16);
  const a = f32x4.add(y0, y2), b = f32x4.add(z0, z2), c = f32x4.add(y1, y3), d = f32x4.add(z1, z3);
  putPair(out, y0, z0); out += next;
  putPair(out, f32x4.add(a, c), f32x4.add(b, d)); out += next;
  putPair(out, f32x4.sub(a, c), f32x4.sub(b, d)); out += next;
  putPair(
    out,
    madd(f32x4.splat(8), y3, madd(f32x4.splat(4), y2, f32x4.add(y0, twice(y1)))),
    madd(f32x4.splat(8), z3, madd(f32x4.splat(4), z2, f32x4.add(z0, twice(z1)))),
  );
  out += next;
  putPair(out, y3, z3);
}

/** The gradients of three taps from those of their six points: the transpose of `stridedFilterPoints`. */
@inline
export function stridedTaps(u: usize, step: usize, out: usize, next: usize): void {
  const u0 = v128.load(u); u += step;
  const u1 = v128.load(u); u += step;
  const u2 = v128.load(u); u += step;
  const u3 = v128.load(u); u += step;
  const u4 = v128.load(u); u += step;
  const half = f32x4.splat(0.5), sixth = f32x4.splat(<f32>(1.0 / 6));
  const middle = f32x4.mul(f32x4.add(u2, u3), sixth);
  v128.store(out, f32x4.add(f32x4.mul(f32x4.add(u0, u1), half), middle)); out += next;
  v128.store(out, v128.load(u)); out += next;
  const last = f32x4.mul(f32x4.sub(twice(u3), u2), sixth);
  v128.store(out, f32x4.add(f32x4.add(f32x4.mul(u1, half), last), u4));
}

@inline
export function copyPair(from: usize, to: usize): void {
  const a = v128.load(from, 0), b = v128.load(from, 16);
  v128.store(to, a, 0);
  v128.store(to, b, 16);
}
