import { type Tensor, tf } from "../../tf.ts";

/**
 * tfjs has no gamma function. Both below raise x > 0 by 6 steps of the recurrence, to where a few terms of Stirling's
 * series are right to 3e-9 (NIST, Digital Library of Mathematical Functions, 5.5.1, 5.11.1 and 5.11.2); they are of ops
 * that every backend has, whose derivatives are the function's own.
 */
const STEPS = 6;
const HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);

/** log Γ(x) of each number, x > 0. */
export function logGamma<T extends Tensor>(x: T): T {
  const y = tf.add(x, STEPS);
  const inverse = tf.div(1, y);
  const square = tf.square(inverse);
  const series = tf.mul(inverse, polynomial(square, [1 / 12, -1 / 360, 1 / 1260]));
  const far = tf.add(tf.sub(tf.mul(tf.sub(y, 0.5), tf.log(y)), y), tf.add(series, HALF_LOG_2_PI));
  // in two products, which don't overflow
  return tf.sub(tf.sub(far, tf.log(product(x, 0, 3))), tf.log(product(x, 3, STEPS))) as T;
}

/** The derivative of `logGamma` of each number, ψ(x), x > 0. */
export function digamma<T extends Tensor>(x: T): T {
  const y = tf.add(x, STEPS);
  const inverse = tf.div(1, y);
  const square = tf.square(inverse);
  const series = tf.mul(square, polynomial(square, [1 / 12, -1 / 120, 1 / 252]));
  const far = tf.sub(tf.sub(tf.log(y), tf.mul(0.5, inverse)), series);
  const steps = Array.from({ length: STEPS }, (_, i) => tf.div(1, i === 0 ? x : tf.add(x, i)));
  return tf.sub(far, tf.addN(steps)) as T;
}

/** log Γ of a number above 0, in double precision. */
export function logGammaOfNumber(x: number): number {
  const raised = 20;
  let steps = 0;
  for (let i = 0; i < raised; i++) steps += Math.log(x + i);
  const y = x + raised;
  const series = 1 / (12 * y) - 1 / (360 * y ** 3) + 1 / (1260 * y ** 5);
  return (y - 0.5) * Math.log(y) - y + HALF_LOG_2_PI + series - steps;
}

/** a + x (b + x c). */
const polynomial = (x: Tensor, [a, b, c]: readonly [number, number, number]): Tensor =>
  tf.add(a, tf.mul(x, tf.add(b, tf.mul(x, c))));

/** (x + from) … (x + to - 1). */
function product(x: Tensor, from: number, to: number): Tensor {
  const factors = Array.from({ length: to - from }, (_, i) => (from + i === 0 ? x : tf.add(x, from + i)));
  return factors.reduce((all, factor) => tf.mul(all, factor));
}
