/** y = (x - mean) factor + offset for rows [from, to) of c floats; mean, factor and offset [c]. */
export function normalize(
  x: usize, mean: usize, factor: usize, offset: usize, c: i32, y: usize, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  let p = x + <usize>from * line, q = y + <usize>from * line;
  const end = x + <usize>to * line;
  while (p < end) {
    let o: usize = 0;
    for (; o + 16 <= line; o += 16) {
      const d = f32x4.mul(f32x4.sub(v128.load(p + o), v128.load(mean + o)), v128.load(factor + o));
      v128.store(q + o, f32x4.add(d, v128.load(offset + o)));
    }
    for (; o < line; o += 4)
      store<f32>(q + o, (load<f32>(p + o) - load<f32>(mean + o)) * load<f32>(factor + o) + load<f32>(offset + o));
    p += line;
    q += line;
  }
}

/** partial[chunk] = the sums over the chunk's `size` rows of dy [c], then of dy (x - mean) [c]. */
export function batchNormSums(
  dy: usize, x: usize, mean: usize, rows: i32, c: i32, size: i32, partial: usize, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  for (let chunk = from; chunk < to; chunk++) {
    const sums = partial + <usize>chunk * 2 * line;
    const first = <usize>(chunk * size) * line, last = <usize>min(rows, (chunk + 1) * size) * line;
    let o: usize = 0;
    for (; o + 16 <= line; o += 16) {
      let s = f32x4.splat(0), t = s;
      const m = v128.load(mean + o);
      for (let p = first + o; p < last; p += line) {
        const g = v128.load(dy + p);
        s = f32x4.add(s, g);
        t = f32x4.add(t, f32x4.mul(g, f32x4.sub(v128.load(x + p), m)));
      }
      v128.store(sums + o, s);
      v128.store(sums + line + o, t);
    }
    for (; o < line; o += 4) {
      let s: f32 = 0, t: f32 = 0;
      const m = load<f32>(mean + o);
      for (let p = first + o; p < last; p += line) {
        const g = load<f32>(dy + p);
        s += g;
        t += g * (load<f32>(x + p) - m);
      }
      store<f32>(sums + o, s);
      store<f32>(sums + line + o, t);
    }
  }
}

/** dx = dy a + (x - mean) b + e for rows [from, to) of c floats; mean, a, b and e [c]. */
export function batchNormInputGrad(
  dy: usize, x: usize, mean: usize, a: usize, b: usize, e: usize, c: i32, dx: usize, from: i32, to: i32,
): void {
  const line = <usize>c << 2;
  for (let p = <usize>from * line; p < <usize>to * line; p += line) {
    let o: usize = 0;
    for (; o + 16 <= line; o += 16) {
      const d = f32x4.mul(f32x4.sub(v128.load(x + p + o), v128.load(mean + o)), v128.load(b + o));
      const g = f32x4.mul(v128.load(dy + p + o), v128.load(a + o));
      v128.store(dx + p + o, f32x4.add(f32x4.add(g, d), v128.load(e + o)));
    }
    for (; o < line; o += 4) {
      const d = (load<f32>(x + p + o) - load<f32>(mean + o)) * load<f32>(b + o);
      store<f32>(dx + p + o, load<f32>(dy + p + o) * load<f32>(a + o) + d + load<f32>(e + o));
    }
  }
}
