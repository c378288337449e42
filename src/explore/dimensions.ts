import { klOfNumbers } from "../models/losses/kl.ts";
import type { Latents } from "./latents.ts";

/** A place in the vector of all latents. */
export interface Dimension {
  readonly index: number;
  /** `z 12`: its latent's name and the place in it. */
  readonly name: string;
  /** KL(q(z_d | x) || N(0, 1)) in nats, the mean over the images. */
  readonly kl: number;
}

/**
 * Every dimension of Gaussian latents with its KL to the unit Gaussian, the most active first; undefined where a
 * posterior isn't Gaussian. In nats, the mean over the images. Of hierarchical latents too it is the distance to N(0, 1), not to the learned prior.
 */
export function dimensionsByKl({ count, layout, mean, logVar }: Latents): Dimension[] | undefined {
  if (logVar === undefined) return undefined;
  const sums = new Float64Array(layout.size);
  for (let i = 0; i < mean.length; i++) sums[i % layout.size]! += klOfNumbers(mean[i]!, logVar[i]!);
  const all = layout.parts.flatMap(({ name, from, size }) =>
    Array.from({ length: size }, (_, i) => ({
      index: from + i,
      name: `${name} ${i}`,
      kl: sums[from + i]! / count,
    })),
  );
  return all.sort((a, b) => b.kl - a.kl || a.index - b.index);
}
