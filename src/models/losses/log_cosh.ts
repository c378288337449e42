import { type Tensor, tf } from "../../tf.ts";

/**
 * (1/a) log cosh(a t) of each value: a t^2 / 2 near 0, |t| - log(2) / a far from it; as |t| + (softplus(-2 a |t|) - log 2)
 * / a, which does not overflow (Chen et al., "Log hyperbolic cosine loss improves variational auto-encoder", 2018).
 */
export function logCosh<T extends Tensor>(t: T, a: number): T {
  const size = tf.abs(tf.mul(t, a));
  const excess = tf.sub(tf.softplus(tf.mul(size, -2)), Math.LN2);
  return tf.div(tf.add(size, excess), a) as T;
}

/**
 * log of the integral of exp(-(1/a) log cosh(a t)) over all t, in nats: (1/a) B(1/(2a), 1/2), of the density whose negative
 * logarithm `logCosh` is but for this.
 */
export function logCoshNormalizer(a: number): number {
  const half = 1 / (2 * a);
  return logGamma(half) + logGamma(0.5) - logGamma(half + 0.5) - Math.log(a);
}

/** log Gamma(x) for x > 0, by Stirling's series (Abramowitz & Stegun 6.1.41) above 8, and by recursion below. */
export function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  for (; y < 8; y++) shift -= Math.log(y);
  const inverse = 1 / y;
  const squared = inverse * inverse;
  const series = inverse * (1 / 12 - squared * (1 / 360 - squared * (1 / 1260 - squared / 1680)));
  return shift + (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series;
}
