import { meanOverRanks } from "../../backends/ranks.ts";
import { type Scalar, tf } from "../../tf.ts";

/**
 * |KL - C| in nats: how far the batch's mean `kl` is from the capacity that it may have at this step (Burgess et al.,
 * "Understanding disentangling in beta-VAE", arXiv 1804.03599, eq. 8). Not below 0.
 */
export function capacityGap(kl: Scalar, capacity: Scalar): Scalar {
  return tf.abs<Scalar>(tf.sub<Scalar>(meanOverRanks(kl), capacity));
}

/** C in nats after `step` steps: from 0 in a straight line to `most`, which it reaches after `steps` (section 5). */
export function capacityAt(step: number, most: number, steps: number): number {
  return most * Math.min(1, step / steps);
}
