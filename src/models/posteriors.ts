import type { Rng } from "../rng.ts";
import { type Tensor, type Tensor2D, tf } from "../tf.ts";
import { drawGamma } from "./blocks/gamma_draw.ts";
import { klOfGammas, logGammaDensity } from "./losses/gamma_density.ts";
import { logGaussian } from "./losses/gaussian_density.ts";
import { klPerDimension } from "./losses/kl.ts";
import type { Posterior } from "./vae.ts";

/** A posterior with a density, of independent dimensions: what is asked of it, whatever its distribution is. */
export interface DensePosterior {
  /** [B, …], as `deviation`: the standard deviation. */
  readonly mean: Tensor;
  deviation(): Tensor;
  /** KL of each dimension in nats, [B, …]: to N(0, 1), or to the prior that the posterior has along. */
  kl(): Tensor;
  /** A draw, [B, …], and where it is mean + deviation noise, that noise. */
  draw(rng: Rng): { readonly z: Tensor; readonly noise?: Tensor };
  /** log q(z) of each dimension in nats, [B, …]. */
  logDensity(z: Tensor): Tensor;
}

/** What a posterior has where it has a density; undefined where it is a point, a class or a code. */
export function densePosterior(q: Posterior | undefined): DensePosterior | undefined {
  if (q?.kind === "gaussian") {
    const { mean, logVar } = q;
    const deviation = () => tf.exp(tf.mul(0.5, logVar));
    return {
      mean,
      deviation,
      kl: () => klPerDimension(mean, logVar),
      draw(rng) {
        const noise = rng.normal(mean.shape);
        return { z: tf.add(mean, tf.mul(deviation(), noise)), noise };
      },
      logDensity: (z) => logGaussian(z, mean, logVar),
    };
  }
  if (q?.kind === "gamma") {
    const { shape, rate, prior } = q;
    return {
      mean: tf.div(shape, rate),
      deviation: () => tf.div(tf.sqrt(shape), rate),
      kl: () => klOfGammas(q, prior),
      draw(rng) {
        const rows = (t: Tensor) => tf.reshape(t, [t.shape[0]!, -1]) as Tensor2D;
        const { z } = drawGamma({ shape: rows(shape), rate: rows(rate) }, 1, rng);
        return { z: tf.reshape(z, shape.shape) };
      },
      logDensity: (z) => logGammaDensity(z, q),
    };
  }
  return undefined;
}
