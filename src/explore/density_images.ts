import { labelsForSamples, labelTensor } from "../models/blocks/condition.ts";
import type { VAE } from "../models/vae.ts";
import type { DrawImages, LatentDensity } from "../samplers/define.ts";
import { type LatentLayout, unpack } from "./latents.ts";

/** Images decoded from z that a density draws in the prior's place; labels that a model wants are drawn as for its prior. */
export const densityImages =
  (vae: VAE, layout: LatentLayout, density: LatentDensity): DrawImages =>
  (count, ctx) => {
    const z = density.sample(count, ctx.rng.fold("sampler"));
    const own = () => vae.labels && labelTensor(labelsForSamples(vae.labels, count, ctx.rng), count);
    const labels = ctx.labels ?? own();
    return vae.decode(unpack(z, layout, count), { ...ctx, ...(labels && { labels }) });
  };
