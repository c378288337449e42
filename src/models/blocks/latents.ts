import { linear } from "../../nn/linear.ts";
import type { Pass, Scope } from "../../nn/params.ts";
import { type Tensor, type Tensor2D, tf } from "../../tf.ts";
import { reparameterize } from "../gaussian.ts";
import type { Ctx, Posterior } from "../vae.ts";
import { gaussianHead } from "./gaussian_head.ts";
import { drawCategories, highest, oneHot } from "./gumbel.ts";

type Of<K extends Posterior["kind"]> = Extract<Posterior, { readonly kind: K }>;
export type Gaussian = Of<"gaussian">;
export type Categorical = Of<"categorical">;

/** A latent of a model: its posterior by the encoder's features, and how it is drawn. */
export interface Latent<Q extends Posterior = Posterior> {
  /** Numbers that the decoder takes of it. */
  readonly width: number;
  /** [B, features] -> q(z | x). */
  posterior(features: Tensor, pass: Pass): Q;
  draw(q: Q, ctx: Ctx): Tensor;
  /** Its mean, or where that is no value of the latent its mode. */
  place(q: Q): Tensor;
  prior(count: number, ctx: Ctx): Tensor;
}

/** D dimensions, q(z | x) a diagonal Gaussian, p(z) = N(0, I), by PyTorch-VAE's names. */
export function gaussianLatent(scope: Scope, features: number, dims: number): Latent<Gaussian> {
  const head = gaussianHead(scope, ["fc_mu", "fc_var"], features, dims);
  return {
    width: dims,
    posterior: (h, pass) => ({ kind: "gaussian", ...head(h, pass) }),
    draw: (q, ctx) => reparameterize(q.mean as Tensor2D, q.logVar as Tensor2D, ctx),
    place: (q) => q.mean,
    prior: (count, ctx) => ctx.rng.fold("prior").normal([count, dims]),
  };
}

/** N variables of K values each, p(z) uniform, by PyTorch-VAE's name. */
export function categoricalLatent(
  scope: Scope,
  features: number,
  [count, values]: readonly [variables: number, values: number],
  temperature: (step: number) => number,
): Latent<Categorical> {
  const logits = linear(scope.at("fc_z"), features, count * values);
  return {
    width: count * values,
    posterior: (h, pass) => ({
      kind: "categorical",
      logits: tf.reshape(logits(h, pass), [-1, count, values]),
    }),
    draw: (q, ctx) => drawCategories(q.logits, ctx, temperature),
    place: (q) => highest(q.logits),
    prior: (images, ctx) => {
      const drawn = ctx.rng.fold("prior").integers(images * count, values);
      return tf.reshape(oneHot(drawn, values), [images, count, values]);
    },
  };
}
