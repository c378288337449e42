import { meanOverRanks, rankCount } from "../../backends/ranks.ts";
import { untaped } from "../../nn/untaped.ts";
import type { Rng } from "../../rng.ts";
import { type Scalar, type Tensor, type Tensor1D, type Tensor2D, tf } from "../../tf.ts";
import type { GammaDistribution } from "../losses/gamma_density.ts";
import { logGamma } from "../losses/special_functions.ts";

/** Draws of gamma distributions with a gradient to their parameters. */
export interface GammaDraw {
  /** [B, D], above 0. Its gradient is the one through h, at fixed accepted noise: half of the whole. */
  readonly z: Tensor2D;
  /** log of the accepted noise's density but for a factor without parameters, summed over D, [B]: for the other half. */
  readonly logWeight: Tensor1D;
}

/** Proposals for each number. One is accepted with a probability above 0.95, so that all fail once in 3 million. */
const PROPOSALS = 5;
/** Where a power of a uniform number rounds to 0. */
const SMALLEST = 1e-30;

/**
 * One draw of each distribution by rejection (Marsaglia and Tsang, "A simple method for generating gamma variables", 2000): h(e) =
 * d (1 + e / sqrt(9 d))^3 of normal noise e, d = shape - 1/3, accepted with the probability that makes it Gamma(shape, 1). With
 * `augmentation` B the shape is raised by B before, and the draw is brought back by B uniform numbers, z prod_i
 * u_i^(1 / (shape + i - 1)): fewer are rejected, and the correction is smaller (Naesseth et al., arXiv 1610.05683).
 * shape + B must be at least 1. As many proposals are made for all as one might need, so that nothing of it depends on
 * values that only the device knows.
 */
export function drawGamma(
  { shape, rate }: GammaDistribution<Tensor2D>,
  augmentation: number,
  rng: Rng,
): GammaDraw {
  const raised = augmentation === 0 ? shape : tf.add<Tensor2D>(shape, augmentation);
  const { noise } = untaped<Tensor2D, Tensor2D, "noise">(raised, (a) => ({ noise: acceptedNoise(a, rng) }));
  const d = tf.sub(raised, 1 / 3);
  const root = tf.sqrt(d);
  const logS = tf.log(tf.add(1, tf.div(noise, tf.mul(3, root))));
  const logD = tf.log(d);
  const logH = tf.add(logD, tf.mul(3, logS));
  const unscaled = tf.sub(logH, tf.log(rate));
  const logZ = augmentation === 0 ? unscaled : tf.add(unscaled, logOfPowers(shape, augmentation, rng));
  // log q(h) + log |dh / de|, which is (d^(1/2) s^2) here
  const density = tf.sub(tf.sub(tf.mul(tf.sub(raised, 1), logH), tf.exp(logH)), logGamma(raised));
  const volume = tf.add(tf.mul(0.5, logD), tf.mul(2, logS));
  return {
    z: tf.add(tf.exp(logZ), SMALLEST) as Tensor2D,
    logWeight: tf.sum(tf.add(density, volume), 1),
  };
}

/** sum_i log u_i / (shape + i - 1) of `count` uniform numbers for each shape, [B, D]. */
function logOfPowers(shape: Tensor2D, count: number, rng: Rng): Tensor {
  const [batch, dims] = shape.shape;
  const uniform = rng.fold("augmentation").perImage(1).uniform([count, batch, dims]);
  const raises = tf.tensor3d(
    Float32Array.from({ length: count }, (_, i) => i),
    [count, 1, 1],
  );
  const shapes = tf.add(tf.reshape(shape, [1, batch, dims]), raises);
  return tf.sum(tf.div(tf.log(tf.sub(1, uniform)), shapes), 0);
}

/** The first accepted of some normal numbers for each shape, [B, D]; 0 where none is. */
function acceptedNoise(shape: Tensor2D, rng: Rng): Tensor2D {
  const [batch, dims] = shape.shape;
  const noise = rng.fold("proposals").perImage(1).normal([PROPOSALS, batch, dims]);
  const uniform = rng.fold("acceptance").perImage(1).uniform([PROPOSALS, batch, dims]);
  const d = tf.sub(shape, 1 / 3);
  const s = tf.relu(tf.add(1, tf.div(noise, tf.sqrt(tf.mul(9, d)))));
  const v = tf.add(tf.mul(s, tf.square(s)), SMALLEST); // where it is 0, the bound is below every log u
  const bound = tf.add(tf.mul(0.5, tf.square(noise)), tf.mul(d, tf.add(tf.sub(1, v), tf.log(v))));
  const accepted = tf.step(tf.sub(bound, tf.log(uniform)));
  const proposal = (t: Tensor, k: number) =>
    tf.reshape(tf.slice(t, [k, 0, 0], [1, batch, dims]), [batch, dims]);
  let chosen: Tensor = tf.zerosLike(shape);
  for (let k = PROPOSALS - 1; k >= 0; k--)
    chosen = tf.add(chosen, tf.mul(proposal(accepted, k), tf.sub(proposal(noise, k), chosen)));
  return chosen as Tensor2D;
}

/**
 * 0, whose gradient is the part that a gradient through accepted noise lacks: the mean over images of cost times the gradient
 * of `logWeight` (arXiv 1610.05683). The mean cost of the other images is taken off each image's, which leaves the
 * expectation as it is, since that gradient's own is 0, and most of the variance away.
 *
 * @param costs of each image what the loss is the mean of, [B]; a constant added to all changes nothing
 */
export function rejectionCorrection(costs: Tensor1D, logWeight: Tensor1D): Scalar {
  const count = costs.shape[0] * rankCount();
  const share = rankCount() / Math.max(1, count - 1); // (cost - mean of the others) / B
  const factors = count === 1 ? costs : tf.mul<Tensor1D>(share, tf.sub(costs, meanOverRanks(tf.mean(costs))));
  const correction = tf.customGrad((_, save) => {
    (save as (tensors: Tensor[]) => void)([factors]);
    return { value: tf.scalar(0), gradFunc: (dy: Tensor, saved: Tensor[]) => tf.mul(dy, saved[0]!) };
  });
  return correction(logWeight) as Scalar;
}
