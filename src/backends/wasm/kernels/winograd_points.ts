import { madd } from "./madd";

// One dimension of Winograd's transforms, F(4, 3): the matrices G, B^T and A^T of arXiv 1509.09308.

/** G g for three values `step` bytes apart; the six points go `next` bytes apart. */
@inline
export function filterPoints(g: usize, step: usize, out: usize, next: usize): void {
  const g0 = v128.load(g), g1 = v128.load(g + step), g2 = v128.load(g + 2 * step);
  const sixth = f32x4.splat(<f32>(1.0 / 6)), twelfth = f32x4.splat(<f32>(1.0 / 12));
  const middle = f32x4.mul(g1, sixth), outer = f32x4.mul(f32x4.add(g0, g2), sixth);
  const wide = f32x4.add(f32x4.mul(g0, f32x4.splat(<f32>(1.0 / 24))), f32x4.mul(g2, sixth));
  const between = f32x4.mul(g1, twelfth);
  v128.store(out, f32x4.mul(g0, f32x4.splat(0.25)));
  v128.store(out + next, f32x4.neg(f32x4.add(outer, middle)));
  v128.store(out + 2 * next, f32x4.sub(middle, outer));
  v128.store(out + 3 * next, f32x4.add(wide, between));
  v128.store(out + 4 * next, f32x4.sub(wide, between));
  v128.store(out + 5 * next, g2);
}

// The six values of B^T d.
@inline
function in0(d0: v128, d2: v128, d4: v128): v128 {
  return madd(f32x4.splat(4), f32x4.sub(d0, d2), f32x4.sub(d4, d2));
}
@inline
function in1(d1: v128, d2: v128, d3: v128, d4: v128): v128 {
  return f32x4.add(madd(f32x4.splat(-4), d2, d4), madd(f32x4.splat(-4), d1, d3));
}
@inline
function in2(d1: v128, d2: v128, d3: v128, d4: v128): v128 {
  return f32x4.sub(madd(f32x4.splat(-4), d2, d4), madd(f32x4.splat(-4), d1, d3));
}
@inline
function twice(v: v128): v128 {
  return f32x4.add(v, v);
}
@inline
function in3(d1: v128, d2: v128, d3: v128, d4: v128): v128 {
  return f32x4.add(f32x4.sub(d4, d2), twice(f32x4.sub(d3, d1)));
}
@inline
function in4(d1: v128, d2: v128, d3: v128, d4: v128): v128 {
  return f32x4.sub(f32x4.sub(d4, d2), twice(f32x4.sub(d3, d1)));
}
@inline
function in5(d1: v128, d3: v128, d5: v128): v128 {
  return madd(f32x4.splat(4), f32x4.sub(d1, d3), f32x4.sub(d5, d3));
}

/** B^T d for six values `step` bytes apart. */
@inline
export function inputPoints(d: usize, step: usize, out: usize, next: usize): void {
  const d0 = v128.load(d); d += step;
  const d1 = v128.load(d); d += step;
  const d2 = v128.load(d); d += step;
  const d3 = v128.load(d); d += step;
  const d4 = v128.load(d); d += step;
  const d5 = v128.load(d);
  v128.store(out, in0(d0, d2, d4)); out += next;
  v128.store(out, in1(d1, d2, d3, d4)); out += next;
  v128.store(out, in2(d1, d2, d3, d4)); out += next;
  v128.store(out, in3(d1, d2, d3, d4)); out += next;
  v128.store(out, in4(d1, d2, d3, d4)); out += next;
  v128.store(out, in5(d1, d3, d5));
}

/** The same for two neighbouring vectors, in an order in which an engine can join them. */
@inline
export function inputPairs(d: usize, step: usize, out: usize, next: usize): void {
  const d0 = v128.load(d, 0), e0 = v128.load(d, 16); d += step;
  const d1 = v128.load(d, 0), e1 = v128.load(d, 16); d += step;
  const d2 = v128.load(d, 0), e2 = v128.load(d, 16); d += step;
  const d3 = v128.load(d, 0), e3 = v128.load(d, 16); d += step;
  const d4 = v128.load(d, 0), e4 = v128.load(d, 16); d += step;
  const d5 = v128.load(d, 0), e5 = v128.load(d, 16);
  putPair(out, in0(d0, d2, d4), in0(e0, e2, e4)); out += next;
  putPair(out, in1(d1, d2, d3, d4), in1(e1, e2, e3, e4)); out += next;
  putPair(out, in2(d1, d2, d3, d4), in2(e1, e2, e3, e4)); out += next;
  putPair(out, in3(d1, d2, d3, d4), in3(e1, e2, e3, e4)); out += next;
  putPair(out, in4(d1, d2, d3, d4), in4(e1, e2, e3, e4)); out += next;
  putPair(out, in5(d1, d3, d5), in5(e1, e3, e5));
}

// The four values of A^T m.
@inline
function out0(m0: v128, m1: v128, m2: v128, m3: v128, m4: v128): v128 {
  return f32x4.add(f32x4.add(m0, f32x4.add(m1, m2)), f32x4.add(m3, m4));
}
@inline
function out1(m1: v128, m2: v128, m3: v128, m4: v128): v128 {
  return f32x4.add(f32x4.sub(m1, m2), twice(f32x4.sub(m3, m4)));
}
@inline
function out2(m1: v128, m2: v128, m3: v128, m4: v128): v128 {
  return madd(f32x4.splat(4), f32x4.add(m3, m4), f32x4.add(m1, m2));
}
@inline
function out3(m1: v128, m2: v128, m3: v128, m4: v128, m5: v128): v128 {
  return f32x4.add(madd(f32x4.splat(8), f32x4.sub(m3, m4), f32x4.sub(m1, m2)), m5);
}

/** A^T m for six values. */
@inline
export function outputPoints(m: usize, step: usize, out: usize, next: usize): void {
  const m0 = v128.load(m); m += step;
  const m1 = v128.load(m); m += step;
  const m2 = v128.load(m); m += step;
  const m3 = v128.load(m); m += step;
  const m4 = v128.load(m); m += step;
  const m5 = v128.load(m);
  v128.store(out, out0(m0, m1, m2, m3, m4)); out += next;
  v128.store(out, out1(m1, m2, m3, m4)); out += next;
  v128.store(out, out2(m1, m2, m3, m4)); out += next;
  v128.store(out, out3(m1, m2, m3, m4, m5));
}

/** The same for two neighbouring vectors. */
@inline
export function outputPairs(m: usize, step: usize, out: usize, next: usize): void {
  const m0 = v128.load(m, 0), n0 = v128.load(m, 16); m += step;
  const m1 = v128.load(m, 0), n1 = v128.load(m, 16); m += step;
  const m2 = v128.load(m, 0), n2 = v128.load(m, 16); m += step;
  const m3 = v128.load(m, 0), n3 = v128.load(m, 16); m += step;
  const m4 = v128.load(m, 0), n4 = v128.load(m, 16); m += step;
  const m5 = v128.load(m, 0), n5 = v128.load(m, 16);
  putPair(out, out0(m0, m1, m2, m3, m4), out0(n0, n1, n2, n3, n4)); out += next;
  putPair(out, out1(m1, m2, m3, m4), out1(n1, n2, n3, n4)); out += next;
  putPair(out, out2(m1, m2, m3, m4), out2(n1, n2, n3, n4)); out += next;
  putPair(out, out3(m1, m2, m3, m4, m5), out3(n1, n2, n3, n4, n5));
}

@inline
export function putPair(at: usize, a: v128, b: v128): void {
  v128.store(at, a, 0);
  v128.store(at, b, 16);
}
