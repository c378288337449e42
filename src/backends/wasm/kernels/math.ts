/** e^x to about 1 ulp: x = n ln 2 + r, a polynomial of r (as in the Cephes library's expf), scaled by 2^n in two steps. */
@inline
export function exp4(x: v128): v128 {
  const clamped = f32x4.min(f32x4.max(x, f32x4.splat(-104)), f32x4.splat(89));
  const n = f32x4.nearest(f32x4.mul(clamped, f32x4.splat(<f32>1.44269504088896341)));
  let r = f32x4.sub(clamped, f32x4.mul(n, f32x4.splat(<f32>0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(<f32>-2.12194440e-4)));
  let p = f32x4.splat(<f32>1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(<f32>1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(<f32>8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(<f32>4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(<f32>1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(<f32>5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(p, power(half)), power(i32x4.sub(whole, half)));
}

@inline
function power(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** The natural logarithm to about 1 ulp (as in the Cephes library's logf); -Infinity at 0, NaN below it. */
@inline
export function log4(x: v128): v128 {
  const tiny = f32x4.lt(x, f32x4.splat(<f32>1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, tiny);
  let e = i32x4.sub(i32x4.shr_s(scaled, 23), i32x4.splat(126));
  e = i32x4.sub(e, v128.and(tiny, i32x4.splat(23)));
  let m = v128.or(v128.and(scaled, i32x4.splat(0x007fffff)), i32x4.splat(0x3f000000)); // [0.5, 1)
  const small = f32x4.lt(m, f32x4.splat(<f32>0.707106781186547524));
  e = i32x4.add(e, small); // -1 where small
  m = f32x4.sub(f32x4.add(m, v128.and(m, small)), f32x4.splat(1));
  const z = f32x4.mul(m, m), n = f32x4.convert_i32x4_s(e);
  let p = f32x4.splat(<f32>7.0376836292e-2);
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(<f32>-1.1514610310e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(<f32>1.1676998740e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(<f32>-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(<f32>1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(<f32>-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(<f32>2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(<f32>-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, m), f32x4.splat(<f32>3.3333331174e-1));
  p = f32x4.mul(p, f32x4.mul(m, z));
  p = f32x4.add(p, f32x4.mul(n, f32x4.splat(<f32>-2.12194440e-4)));
  p = f32x4.sub(p, f32x4.mul(z, f32x4.splat(0.5)));
  let result = f32x4.add(f32x4.add(m, p), f32x4.mul(n, f32x4.splat(<f32>0.693359375)));
  result = v128.bitselect(x, result, f32x4.eq(x, f32x4.splat(Infinity)));
  result = v128.bitselect(f32x4.splat(-Infinity), result, f32x4.eq(x, f32x4.splat(0)));
  const valid = f32x4.ge(x, f32x4.splat(0));
  return v128.bitselect(result, f32x4.splat(NaN), valid);
}

/** log(1 + t) for t in [0, 1], right for small t too: the rounding of 1 + t is made good (Goldberg 1991, theorem 4). */
@inline
export function log1p4(t: v128): v128 {
  const one = f32x4.splat(1), u = f32x4.add(one, t), kept = f32x4.sub(u, one);
  return v128.bitselect(t, f32x4.div(f32x4.mul(log4(u), t), kept), f32x4.eq(kept, f32x4.splat(0)));
}

/** tanh: near 0 by a polynomial (Cephes), else 1 - 2 / (e^2|x| + 1) with x's sign. */
@inline
export function tanh4(x: v128): v128 {
  const size = f32x4.abs(x), z = f32x4.mul(x, x);
  let p = f32x4.splat(<f32>-5.70498872745e-3);
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>2.06390887954e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>-5.37397155531e-2));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>1.33314422036e-1));
  p = f32x4.add(f32x4.mul(p, z), f32x4.splat(<f32>-3.33332819422e-1));
  const near = f32x4.add(f32x4.mul(f32x4.mul(p, z), x), x);
  const one = f32x4.splat(1);
  const grown = f32x4.add(exp4(f32x4.add(size, size)), one);
  const far = f32x4.sub(one, f32x4.div(f32x4.splat(2), grown));
  const signed = v128.or(far, v128.and(x, f32x4.splat(-0.0)));
  return v128.bitselect(near, signed, f32x4.lt(size, f32x4.splat(0.625)));
}

@inline
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** log(1 + e^x), finite for every finite x. */
@inline
export function softplus4(x: v128): v128 {
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), log1p4(exp4(f32x4.neg(f32x4.abs(x)))));
}
