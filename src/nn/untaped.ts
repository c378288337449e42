import { type Tensor, tf } from "../tf.ts";

/**
 * What `f` makes of `x`, as constants: while it runs tfjs records no gradient, so that nothing that it computes on
 * the way is held for one, and ops without a gradient (argMin) may be among it.
 */
export function untaped<X extends Tensor, T extends Tensor, K extends string>(
  x: X,
  f: (x: X) => Readonly<Record<K, T>>,
): Readonly<Record<K, T>> {
  let kept: [string, T][] = [];
  const run = tf.customGrad((input) => {
    kept = Object.entries<T>(f(input as X)).map(([name, t]) => [name, tf.keep(t)]);
    const gradFunc = () => {
      throw new Error("constants have no gradient");
    };
    return { value: tf.scalar(0), gradFunc };
  });
  run(x).dispose();
  const results = kept.map(([name, t]) => {
    const result = tf.clone(t); // the caller's tidy knows this one
    t.dispose();
    return [name, result] as const;
  });
  return Object.fromEntries(results) as Record<K, T>;
}

/** The constant `value` whose gradient goes to `x` as it comes (the straight-through estimator, arXiv 1308.3432). */
export function straightThrough<T extends Tensor>(x: T, value: T): T {
  const pass = tf.customGrad(() => ({
    value: tf.clone(value),
    gradFunc: (dy: Tensor) => dy,
  }));
  return pass(x) as T;
}
