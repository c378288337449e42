/**
 * Adam's next parameter, m and v for floats [from, to): m' = b1 m + (1 - b1) g, v' = b2 v + (1 - b2) g^2,
 * p' = keep p - rate m' / (sqrt(v') / root + eps), with g = dp + decay p.
 */
export function adam(
  p: usize, dp: usize, m: usize, v: usize, np: usize, nm: usize, nv: usize,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, rate: f32, root: f32, eps: f32, decay: f32, keep: f32,
  from: i32, to: i32,
): void {
  const b1 = f32x4.splat(beta1), r1 = f32x4.splat(rest1), b2 = f32x4.splat(beta2), r2 = f32x4.splat(rest2);
  const lr = f32x4.splat(rate), rt = f32x4.splat(root), e = f32x4.splat(eps);
  const wd = f32x4.splat(decay), k = f32x4.splat(keep);
  for (let i = <usize>from << 2; i < <usize>to << 2; i += 16) {
    const old = v128.load(p + i);
    const g = decay != 0 ? f32x4.add(v128.load(dp + i), f32x4.mul(old, wd)) : v128.load(dp + i);
    const m1 = f32x4.add(f32x4.mul(v128.load(m + i), b1), f32x4.mul(g, r1));
    const v1 = f32x4.add(f32x4.mul(v128.load(v + i), b2), f32x4.mul(f32x4.mul(g, g), r2));
    v128.store(nm + i, m1);
    v128.store(nv + i, v1);
    const change = f32x4.mul(f32x4.div(m1, f32x4.add(f32x4.div(f32x4.sqrt(v1), rt), e)), lr);
    v128.store(np + i, f32x4.sub(keep != 1 ? f32x4.mul(old, k) : old, change));
  }
}
