import { type Static, Type } from "typebox";
import { type Scalar, type Tensor, type Tensor1D, type Tensor3D, tf } from "../../tf.ts";
import { logSoftmax } from "../losses/categorical.ts";
import type { Ctx } from "../vae.ts";

/** Keys of `model_params` of how categorical latents are relaxed in training. Names: PyTorch-VAE's. */
export const GumbelOptions = {
  temperature: Type.Number({
    exclusiveMinimum: 0,
    default: 0.5,
    description: "Lowest temperature of the Gumbel-softmax, at which annealing ends.",
  }),
  initial_temperature: Type.Number({
    minimum: 0,
    default: 1,
    description:
      "Temperature at the first step. At or below `temperature` (0, which stands for PyTorch-VAE's): it never changes.",
  }),
  anneal_rate: Type.Number({
    minimum: 0,
    default: 3e-5,
    description: "r of the temperature's fall, exp(-r t) after t optimizer steps.",
  }),
  anneal_interval: Type.Integer({
    minimum: 1,
    default: 100,
    description: "Optimizer steps after each of which the temperature falls.",
  }),
} as const;

const Shape = Type.Object(GumbelOptions);
export type GumbelOptions = Static<typeof Shape>;

/** max(lowest, initial exp(-r t)), t the steps done, in whole intervals (Jang et al., arXiv 1611.01144, section 4.1). */
export function temperatureAt(step: number, o: GumbelOptions): number {
  const counted = o.anneal_interval * Math.floor(step / o.anneal_interval);
  return Math.max(o.temperature, o.initial_temperature * Math.exp(-o.anneal_rate * counted));
}

/**
 * A draw of categorical variables, [B, N, K], `logits` shaped alike: in training the Gumbel-softmax's relaxed one,
 * softmax((logits + g) / temperature) (arXiv 1611.01144, eq. 2); else one of the variables themselves, one-hot where
 * logits + g is highest (eq. 1). g = -log(-log u), by the same numbers.
 */
export function drawCategories(
  logits: Tensor,
  ctx: Pick<Ctx, "rng" | "training" | "schedule">,
  temperature: (step: number) => number,
): Tensor3D {
  // u in (0, 1): of 24 bits, moved away from the ends so that no logarithm is infinite
  const u = tf.add(tf.mul(ctx.rng.fold("gumbel").perImage().uniform(logits.shape), 1 - 2 ** -23), 2 ** -24);
  const scores = tf.sub(logits, tf.log(tf.neg(tf.log(u))));
  if (!ctx.training) return highest(scores);
  return tf.exp(logSoftmax(tf.div(scores, ctx.schedule(temperature) as Scalar))) as Tensor3D;
}

/** One-hot where the last axis is highest, [B, N, K]; of equal ones the first. */
export const highest = (scores: Tensor): Tensor3D =>
  oneHot(tf.argMin(tf.neg(scores), -1), scores.shape.at(-1)!) as Tensor3D;

/** One-hot of whole numbers below `values`, [...] -> [..., values], by ops that every backend has. */
export const oneHot = (indices: Tensor, values: number): Tensor =>
  tf.gather(tf.eye(values) as Tensor, indices as Tensor1D);
