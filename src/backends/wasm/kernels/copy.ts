/** Copies `n` floats. For short runs: memory.copy costs a call of some 20 ns. */
export function copyFloats(to: usize, from: usize, n: i32): void {
  const end = to + (<usize>n << 2);
  while (to + 32 <= end) {
    const a = v128.load(from, 0), b = v128.load(from, 16);
    v128.store(to, a, 0);
    v128.store(to, b, 16);
    to += 32;
    from += 32;
  }
  if (to + 16 <= end) {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  }
  while (to < end) {
    store<f32>(to, load<f32>(from));
    to += 4;
    from += 4;
  }
}

/** Copies `n` floats, zeros where `mask` is not above 0: the gradient through a ReLU whose output is `mask`. */
export function copyMasked(to: usize, from: usize, mask: usize, n: i32): void {
  const end = to + (<usize>n << 2);
  const zero = f32x4.splat(0);
  while (to + 16 <= end) {
    v128.store(to, v128.and(v128.load(from), f32x4.gt(v128.load(mask), zero)));
    to += 16;
    from += 16;
    mask += 16;
  }
  while (to < end) {
    store<f32>(to, load<f32>(mask) > 0 ? load<f32>(from) : 0);
    to += 4;
    from += 4;
    mask += 4;
  }
}

export function zeroFloats(to: usize, n: i32): void {
  const end = to + (<usize>n << 2);
  const zero = f32x4.splat(0);
  while (to + 16 <= end) {
    v128.store(to, zero);
    to += 16;
  }
  while (to < end) {
    store<f32>(to, 0);
    to += 4;
  }
}

/** Sets 32-bit words [from, to) of `out`. */
export function fill(out: usize, word: i32, from: i32, to: i32): void {
  const v = i32x4.splat(word);
  const end = out + (<usize>to << 2);
  for (let p = out + (<usize>from << 2); p < end; p += 16) v128.store(p, v); // blocks end in whole vectors
}

/**
 * Copies rows [from, to) of `n` 32-bit words from anywhere to anywhere: row (i, j, k) of [.., d2, d3] starts at
 * i x1 + j x2 + k x3 in `x` and i o1 + j o2 + k o3 in `out`, in words; words of `x` are `x0` apart.
 */
export function copyRows(
  x: usize, out: usize, n: i32, x0: i32, d2: i32, d3: i32,
  x1: i32, x2: i32, x3: i32, o1: i32, o2: i32, o3: i32, from: i32, to: i32,
): void {
  for (let r = from; r < to; r++) {
    const k = r % d3, ij = r / d3, j = ij % d2, i = ij / d2;
    let p = x + (<usize>(i * x1 + j * x2 + k * x3) << 2);
    let q = out + (<usize>(i * o1 + j * o2 + k * o3) << 2);
    if (x0 == 1) copyFloats(q, p, n);
    else {
      const step = <usize>x0 << 2;
      for (const end = q + (<usize>n << 2); q < end; q += 4, p += step) store<i32>(q, load<i32>(p));
    }
  }
}
