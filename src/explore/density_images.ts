import { labelsForSamples, labelTensor } from "../models/blocks/condition.ts";
import type { VAE } from "../models/vae.ts";
import type { DrawImages, LatentDensity } from "../samplers/define.ts";
import { type LatentLayout, unpack } from "./latents.ts";
import { eachVariable } from "./variables.ts";

/**
 * Images decoded from z that a density draws in the prior's place, of categorical variables the value that it draws highest;
 * labels that a model wants are drawn as for its prior.
 */
export const densityImages =
  (vae: VAE, layout: LatentLayout, density: LatentDensity): DrawImages =>
  (count, ctx) => {
    const z = density.sample(count, ctx.rng.fold("sampler"));
    eachVariable(z, layout, toHighest);
    const own = () => vae.labels && labelTensor(labelsForSamples(vae.labels, count, ctx.rng), count);
    const labels = ctx.labels ?? own();
    return vae.decode(unpack(z, layout, count), { ...ctx, ...(labels && { labels }) });
  };

function toHighest(scores: Float32Array): void {
  let best = 0;
  for (const [k, v] of scores.entries()) if (v > scores[best]!) best = k;
  scores.fill(0)[best] = 1;
}
