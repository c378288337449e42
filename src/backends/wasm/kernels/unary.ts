import { exp4, log4, sigmoid4, softplus4, tanh4 } from "./math";

// Numbers of the operations, in the order of `UNARY` in ops/unary.ts.
@inline
function apply(op: i32, x: v128, p: v128, q: v128): v128 {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  if (op == 0) return f32x4.abs(x);
  if (op == 1) return f32x4.ceil(x);
  if (op == 2) return f32x4.min(f32x4.max(x, p), q); // clip to [p, q]
  if (op == 3) return exp4(x);
  if (op == 4) return f32x4.floor(x);
  if (op == 5) return v128.bitselect(f32x4.mul(x, p), x, f32x4.lt(x, zero)); // LeakyReLU with slope p
  if (op == 6) return log4(x);
  if (op == 7) return f32x4.neg(x);
  if (op == 8) return f32x4.div(one, x);
  if (op == 9) return f32x4.max(x, zero);
  if (op == 10) return f32x4.min(f32x4.max(x, zero), f32x4.splat(6));
  if (op == 11) return f32x4.div(one, f32x4.sqrt(x));
  if (op == 12) return sigmoid4(x);
  if (op == 13) return softplus4(x);
  if (op == 14) return f32x4.sqrt(x);
  if (op == 15) return f32x4.mul(x, x);
  if (op == 16) {
    const step = v128.bitselect(one, p, f32x4.gt(x, zero)); // p where x is not above 0
    return v128.bitselect(step, x, f32x4.eq(x, x));
  }
  return tanh4(x);
}

@inline
function loop(op: i32, x: usize, y: usize, p: f32, q: f32, from: i32, to: i32): void {
  const pv = f32x4.splat(p), qv = f32x4.splat(q);
  const end = x + (<usize>to << 2);
  const step = y - x;
  for (let i = x + (<usize>from << 2); i < end; i += 16) v128.store(i + step, apply(op, v128.load(i), pv, qv));
}

/** y = op(x) for floats [from, to), `from` a multiple of 4; up to 3 floats behind `to` are written too. */
export function unary(op: i32, x: usize, y: usize, p: f32, q: f32, from: i32, to: i32): void {
  switch (op) {
    case 0: return loop(0, x, y, p, q, from, to);
    case 1: return loop(1, x, y, p, q, from, to);
    case 2: return loop(2, x, y, p, q, from, to);
    case 3: return loop(3, x, y, p, q, from, to);
    case 4: return loop(4, x, y, p, q, from, to);
    case 5: return loop(5, x, y, p, q, from, to);
    case 6: return loop(6, x, y, p, q, from, to);
    case 7: return loop(7, x, y, p, q, from, to);
    case 8: return loop(8, x, y, p, q, from, to);
    case 9: return loop(9, x, y, p, q, from, to);
    case 10: return loop(10, x, y, p, q, from, to);
    case 11: return loop(11, x, y, p, q, from, to);
    case 12: return loop(12, x, y, p, q, from, to);
    case 13: return loop(13, x, y, p, q, from, to);
    case 14: return loop(14, x, y, p, q, from, to);
    case 15: return loop(15, x, y, p, q, from, to);
    case 16: return loop(16, x, y, p, q, from, to);
    default: return loop(17, x, y, p, q, from, to);
  }
}
