import { labelsForSamples, labelTensor } from "../models/blocks/condition.ts";
import { highest } from "../models/blocks/gumbel.ts";
import type { VAE } from "../models/vae.ts";
import type { DrawImages, LatentDensity } from "../samplers/define.ts";
import type { Named, Tensor } from "../tf.ts";
import { type LatentLayout, unpack } from "./latents.ts";

/**
 * Images decoded from z that a density draws in the prior's place, of categorical variables the value that it draws highest;
 * labels that a model wants are drawn as for its prior.
 */
export const densityImages =
  (vae: VAE, layout: LatentLayout, density: LatentDensity): DrawImages =>
  (count, ctx) => {
    const z = toHighest(unpack(density.sample(count, ctx.rng.fold("sampler")), layout), layout);
    const own = () => vae.labels && labelTensor(labelsForSamples(vae.labels, count, ctx.rng), count);
    const labels = ctx.labels ?? own();
    return vae.decode(z, { ...ctx, ...(labels && { labels }) });
  };

/** Categorical latents one-hot where their numbers are highest. */
const toHighest = (z: Named<Tensor>, { parts }: LatentLayout): Named<Tensor> =>
  Object.fromEntries(
    parts.map(({ name, values }) => [name, values === undefined ? z[name]! : highest(z[name]!)]),
  );
