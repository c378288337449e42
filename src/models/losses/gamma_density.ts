import { type Tensor, tf } from "../../tf.ts";
import { digamma, logGamma, logGammaOfNumber } from "./special_functions.ts";

/** A gamma distribution with density rate^shape z^(shape - 1) exp(-rate z) / Γ(shape), both above 0. */
export interface GammaDistribution<T = number> {
  readonly shape: T;
  readonly rate: T;
}

/** log p(z) of each value in nats, z > 0; the arguments broadcast to each other. */
export function logGammaDensity<T extends Tensor>(z: T, { shape, rate }: GammaDistribution<Tensor>): T {
  const power = tf.mul(tf.sub(shape, 1), tf.log(z));
  const scale = tf.sub(tf.mul(shape, tf.log(rate)), logGamma(shape));
  return tf.add(tf.sub(power, tf.mul(rate, z)), scale) as T;
}

/** log p(z) of a distribution of numbers. */
export const logGammaDensityOf = <T extends Tensor>(z: T, { shape, rate }: GammaDistribution): T =>
  tf.add(
    tf.sub(tf.mul(shape - 1, tf.log(z)), tf.mul(rate, z)),
    shape * Math.log(rate) - logGammaOfNumber(shape),
  ) as T;

/**
 * KL(q || p) of each dimension in nats, at least 0: (a - s) ψ(a) - log Γ(a) + log Γ(s) + s log(b / r) + a (r - b) / b of q with
 * shape a and rate b, p with shape s and rate r.
 */
export function klOfGammas<T extends Tensor>(q: GammaDistribution<T>, p: GammaDistribution): T {
  const shapes = tf.sub(tf.mul(tf.sub(q.shape, p.shape), digamma(q.shape)), logGamma(q.shape));
  const scales = tf.mul(p.shape, tf.sub(tf.log(q.rate), Math.log(p.rate)));
  const means = tf.mul(q.shape, tf.sub(tf.div(p.rate, q.rate), 1));
  return tf.add(tf.add(shapes, scales), tf.add(means, logGammaOfNumber(p.shape))) as T;
}

/** The value that a draw is at most with `probability`, by bisection. */
export function gammaQuantile(probability: number, { shape, rate }: GammaDistribution): number {
  let [low, high] = [0, shape + 1];
  while (below(high, shape) < probability) high *= 2;
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (below(middle, shape) < probability) low = middle;
    else high = middle;
  }
  return high / rate;
}

/** P(Z <= z) at a rate of 1, by its power series (DLMF 8.11.4): all of its terms are positive. */
function below(z: number, shape: number): number {
  let [term, sum] = [1, 1];
  for (let n = 1; term > 1e-17 * sum; n++) {
    term *= z / (shape + n);
    sum += term;
  }
  return z === 0 ? 0 : sum * Math.exp(shape * Math.log(z) - z - logGammaOfNumber(shape + 1));
}
