import { madd } from "./madd";

/**
 * Adam's next parameter and moments, in place, for floats [from, to): m = beta1 m + rest1 g, v = beta2 v + rest2 g^2,
 * p = p - rate m / (sqrt(v) + epsilon).
 */
export function adam(
  p: usize, g: usize, m: usize, v: usize, beta1: f32, rest1: f32, beta2: f32, rest2: f32, rate: f32, epsilon: f32,
  from: i32, to: i32,
): void {
  const b1 = f32x4.splat(beta1), r1 = f32x4.splat(rest1), b2 = f32x4.splat(beta2), r2 = f32x4.splat(rest2);
  const lr = f32x4.splat(rate), e = f32x4.splat(epsilon);
  for (let i = <usize>from << 2; i < <usize>to << 2; i += 16) {
    const d = v128.load(g + i);
    const m1 = madd(v128.load(m + i), b1, f32x4.mul(d, r1));
    const v1 = madd(v128.load(v + i), b2, f32x4.mul(f32x4.mul(d, d), r2));
    v128.store(m + i, m1);
    v128.store(v + i, v1);
    const change = f32x4.div(f32x4.mul(m1, lr), f32x4.add(f32x4.sqrt(v1), e));
    v128.store(p + i, f32x4.sub(v128.load(p + i), change));
  }
}
