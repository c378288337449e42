// Numbers of the operations, in the order of `BINARY` in ops/binary.ts.
@inline
function apply(op: i32, x: v128, y: v128): v128 {
  if (op == 0) return f32x4.add(x, y);
  if (op == 1) return f32x4.sub(x, y);
  if (op == 2) return f32x4.mul(x, y);
  if (op == 3) return f32x4.div(x, y);
  if (op == 4) return f32x4.max(x, y);
  if (op == 5) return f32x4.min(x, y);
  if (op == 6) {
    const d = f32x4.sub(x, y);
    return f32x4.mul(d, d);
  }
  const same = f32x4.gt(y, f32x4.splat(0)); // the gradient x through a ReLU of input or output y
  return v128.and(x, same);
}

/** Both of the same length; blocks of memory end in whole vectors. */
@inline
function both(op: i32, a: usize, b: usize, out: usize, from: i32, to: i32): void {
  const end = a + (<usize>to << 2), db = b - a, dout = out - a;
  for (let p = a + (<usize>from << 2); p < end; p += 16)
    v128.store(p + dout, apply(op, v128.load(p), v128.load(p + db)));
}

/** Rows of n floats where b (or, if `swap`, a) has one float for each row or for all; see `binaryRows`. */
@inline
function row(op: i32, a: usize, sa: usize, b: usize, sb: usize, out: usize, n: i32): void {
  const end = out + (<usize>n << 2);
  const xs = v128.load32_splat(a), ys = v128.load32_splat(b);
  while (out + 16 <= end) {
    v128.store(out, apply(op, sa ? v128.load(a) : xs, sb ? v128.load(b) : ys));
    a += sa;
    b += sb;
    out += 16;
  }
  const da = sa >> 2, db = sb >> 2;
  while (out < end) {
    v128.store32_lane(out, apply(op, v128.load32_splat(a), v128.load32_splat(b)), 0);
    a += da;
    b += db;
    out += 4;
  }
}

@inline
function rows(
  op: i32, a: usize, sa: i32, b: usize, sb: i32, out: usize, n: i32, d2: i32, d3: i32,
  a1: i32, a2: i32, a3: i32, b1: i32, b2: i32, b3: i32, from: i32, to: i32,
): void {
  for (let r = from; r < to; r++) {
    const k = r % d3, ij = r / d3, j = ij % d2, i = ij / d2;
    const p = a + (<usize>(i * a1 + j * a2 + k * a3) << 2), q = b + (<usize>(i * b1 + j * b2 + k * b3) << 2);
    const o = out + ((<usize>r * n) << 2);
    if (sa && sb) row(op, p, 16, q, 16, o, n);
    else if (sa) row(op, p, 16, q, 0, o, n);
    else row(op, p, 0, q, 16, o, n);
  }
}

/** out = op(a, b) for floats [from, to), both of the output's shape. */
export function binary(op: i32, a: usize, b: usize, out: usize, from: i32, to: i32): void {
  switch (op) {
    case 0: return both(0, a, b, out, from, to);
    case 1: return both(1, a, b, out, from, to);
    case 2: return both(2, a, b, out, from, to);
    case 3: return both(3, a, b, out, from, to);
    case 4: return both(4, a, b, out, from, to);
    case 5: return both(5, a, b, out, from, to);
    case 6: return both(6, a, b, out, from, to);
    default: return both(7, a, b, out, from, to);
  }
}

/**
 * out = op(a, b) with broadcasting, for rows [from, to) of n floats: row (i, j, k) of [.., d2, d3] starts at
 * i a1 + j a2 + k a3 of a, and b likewise; within a row a's floats are one (sa = 0) or n.
 */
export function binaryRows(
  op: i32, a: usize, sa: i32, b: usize, sb: i32, out: usize, n: i32, d2: i32, d3: i32,
  a1: i32, a2: i32, a3: i32, b1: i32, b2: i32, b3: i32, from: i32, to: i32,
): void {
  switch (op) {
    case 0: return rows(0, a, sa, b, sb, out, n, d2, d3, a1, a2, a3, b1, b2, b3, from, to);
    case 1: return rows(1, a, sa, b, sb, out, n, d2, d3, a1, a2, a3, b1, b2, b3, from, to);
    case 2: return rows(2, a, sa, b, sb, out, n, d2, d3, a1, a2, a3, b1, b2, b3, from, to);
    case 3: return rows(3, a, sa, b, sb, out, n, d2, d3, a1, a2, a3, b1, b2, b3, from, to);
    case 4: return rows(4, a, sa, b, sb, out, n, d2, d3, a1, a2, a3, b1, b2, b3, from, to);
    case 5: return rows(5, a, sa, b, sb, out, n, d2, d3, a1, a2, a3, b1, b2, b3, from, to);
    case 6: return rows(6, a, sa, b, sb, out, n, d2, d3, a1, a2, a3, b1, b2, b3, from, to);
    default: return rows(7, a, sa, b, sb, out, n, d2, d3, a1, a2, a3, b1, b2, b3, from, to);
  }
}

/** dx = dy where x is above 0, else alpha dy, floats [from, to). */
export function leakyReluGrad(dy: usize, x: usize, alpha: f32, dx: usize, from: i32, to: i32): void {
  const slope = f32x4.splat(alpha), zero = f32x4.splat(0);
  for (let i = <usize>from << 2; i < <usize>to << 2; i += 16) {
    const g = v128.load(dy + i);
    v128.store(dx + i, v128.bitselect(g, f32x4.mul(g, slope), f32x4.gt(v128.load(x + i), zero)));
  }
}

/** out (bytes) = 1 where a > b, floats [from, to); `sb`: 4 for a b of a's shape, 0 for one number. */
export function greater(a: usize, b: usize, sb: usize, out: usize, from: i32, to: i32): void {
  for (let i = <usize>from; i < <usize>to; i += 4) {
    const y = sb ? v128.load(b + (i << 2)) : v128.load32_splat(b);
    const m = v128.and(f32x4.gt(v128.load(a + (i << 2)), y), i32x4.splat(1));
    const bytes = i8x16.shuffle(m, m, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12);
    v128.store32_lane(out + i, bytes, 0);
  }
}

/** out = condition (bytes) ? a : b for 32-bit words [from, to). */
export function select(condition: usize, a: usize, b: usize, out: usize, from: i32, to: i32): void {
  for (let i = <usize>from; i < <usize>to; i += 4) {
    const bytes = v128.load32_zero(condition + i);
    const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(bytes));
    const m = i32x4.ne(words, i32x4.splat(0));
    v128.store(out + (i << 2), v128.bitselect(v128.load(a + (i << 2)), v128.load(b + (i << 2)), m));
  }
}

/** Floats [from, to) of y from x: int32 (1) or bool (2) values. */
export function toFloat(x: usize, kind: i32, y: usize, from: i32, to: i32): void {
  for (let i = <usize>from; i < <usize>to; i += 4) {
    const words = kind == 1
      ? v128.load(x + (i << 2))
      : i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(x + i)));
    v128.store(y + (i << 2), f32x4.convert_i32x4_s(words));
  }
}
