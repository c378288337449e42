import { drawCategories, highest } from "../models/blocks/gumbel.ts";
import { newCtx } from "../models/ctx.ts";
import { klPerVariable, logSoftmax } from "../models/losses/categorical.ts";
import { logGammaDensityOf } from "../models/losses/gamma_density.ts";
import { logPriorRatio } from "../models/losses/importance.ts";
import { type DensePosterior, densePosterior } from "../models/posteriors.ts";
import type { Ctx, Posterior, VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tf } from "../tf.ts";
import { still } from "./tempered_rng.ts";

/** The mean of q(z | x), shaped as z: of categorical variables their probabilities; of codes, which have none, `z` itself. */
export function meanOf(q: Posterior, z: Tensor): Tensor {
  switch (q.kind) {
    case "gaussian":
    case "gamma":
      return densePosterior(q)!.mean;
    case "point":
      return q.value;
    case "categorical":
      return tf.exp(logSoftmax(q.logits));
    case "codes":
      return z;
  }
}

/**
 * The z that an image is decoded from where nothing is random: the mean, or of categorical variables the most probable values.
 */
export const placeOf = (q: Posterior, z: Tensor): Tensor =>
  q.kind === "categorical" ? highest(q.logits) : meanOf(q, z);

/**
 * KL(q(z | x) || p(z)) in nats of each dimension of a latent with a density, [B, D], p(z) = N(0, I) or the prior that it has
 * along, and of each categorical variable, [B, N], p(z) uniform; undefined of others, which have none.
 */
export function klOf(q: Posterior): Tensor2D | undefined {
  if (q.kind === "categorical") return klPerVariable(q.logits);
  const dense = densePosterior(q);
  return dense && flat(dense.kl());
}

/** log q(z | x) in nats, [B]. */
export function logProbOf(q: Posterior, z: Tensor): Tensor1D {
  if (q.kind === "categorical") return perImage(tf.mul(z, logSoftmax(q.logits)));
  return perImage(withDensity(q).logDensity(z));
}

function withDensity(q: Posterior): DensePosterior {
  const dense = densePosterior(q);
  if (dense === undefined) throw new Error(`q(z | x) of kind ${q.kind} has no density`);
  return dense;
}

/** A draw of a posterior. */
export interface Draw {
  readonly z: Tensor;
  /** log q(z | x) in nats, [B]. */
  logQ(): Tensor1D;
  /** log p(z) - log q(z | x) in nats, [B], p(z) = N(0, I) or what the posterior has along, of categorical variables uniform. */
  ratio(): Tensor1D;
}

/** Another draw of a posterior. */
export function redraw(q: Posterior, rng: Rng): Draw {
  if (q.kind === "categorical") {
    const ctx = newCtx({ training: false, rng });
    return drawnFrom(
      q,
      drawCategories(q.logits, ctx, () => 1),
    );
  }
  const { z, noise } = withDensity(q).draw(rng);
  return drawnFrom(q, z, noise);
}

/** What is known of a draw `z`; `noise`: what a Gaussian one was made of, if that is known. */
export function drawnFrom(q: Posterior, z: Tensor, noise?: Tensor): Draw {
  const logQ = () => logProbOf(q, z);
  if (q.kind === "categorical") {
    const [, count, values] = q.logits.shape as [number, number, number];
    return { z, logQ, ratio: () => tf.sub(-count * Math.log(values), logQ()) };
  }
  if (q.kind === "gamma")
    return { z, logQ, ratio: () => tf.sub(perImage(logGammaDensityOf(z, q.prior)), logQ()) };
  if (q.kind !== "gaussian") throw new Error(`q(z | x) of kind ${q.kind} has no density`);
  // By the noise: of a narrow posterior z - mean has lost it to rounding.
  const own = () => noise ?? tf.mul(tf.sub(z, q.mean), tf.exp(tf.mul(-0.5, q.logVar)));
  return { z, logQ, ratio: () => logPriorRatio<Tensor1D>(flat(z), flat(own()), flat(q.logVar)) };
}

/** Sums of each image's values, [B, …] -> [B]. */
const perImage = (t: Tensor): Tensor1D => tf.sum(flat(t), 1);

/** [B, …] -> [B, D]. */
const flat = (t: Tensor): Tensor2D => tf.reshape(t, [t.shape[0]!, -1]);

/** Tensors side by side, [B, …] each -> [B, D]. */
export const sideBySide = (tensors: readonly Tensor[]): Tensor2D =>
  tensors.length === 1 ? flat(tensors[0]!) : tf.concat(tensors.map(flat), 1);

/** What a model makes of images: posteriors and a draw of each, by latent. */
export type Encoded = ReturnType<VAE["encode"]>;

/** The posteriors' means side by side, [B, D]. */
export const meansOf = ({ posterior, z }: Encoded): Tensor2D =>
  sideBySide(Object.keys(z).map((name) => meanOf(posterior[name]!, z[name]!)));

/**
 * `drawn`, what `vae.encode` gave of images, with each latent at its mean: of several, the lower ones may depend on what was
 * drawn of those above.
 */
export const atMeans = (vae: VAE, images: Tensor4D, ctx: Ctx, drawn: Encoded): Encoded =>
  Object.keys(drawn.z).length > 1 ? vae.encode(images, still(ctx)) : drawn;

/**
 * Columns of the mean that belong together: 1 each of a number, K of a categorical variable of K values. In the order of the
 * latents.
 */
export function widthsOf(posteriors: readonly Posterior[]): number[] {
  return posteriors.flatMap((q) => {
    if (q.kind === "categorical") return Array<number>(q.logits.shape[1]!).fill(q.logits.shape[2]!);
    const t = q.kind === "point" ? q.value : q.kind === "codes" ? q.indices : densePosterior(q)!.mean;
    return Array<number>(t.size / t.shape[0]!).fill(1);
  });
}
