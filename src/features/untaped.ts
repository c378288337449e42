import type { Named } from "../models/vae.ts";
import { type Tensor, type Tensor4D, tf } from "../tf.ts";

/**
 * What `f` makes of `x`, as constants: while it runs tfjs records no gradient, so that nothing that it computes on
 * the way is held for one.
 */
export function untaped<T extends Tensor>(x: Tensor4D, f: (x: Tensor4D) => Named<T>): Named<T> {
  let kept: [string, T][] = [];
  const run = tf.customGrad((input) => {
    kept = Object.entries(f(input as Tensor4D)).map(([name, t]) => [name, tf.keep(t)]);
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
  return Object.fromEntries(results);
}
