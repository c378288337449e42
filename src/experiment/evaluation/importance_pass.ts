import { type Draw, drawnFrom, type Encoded, redraw } from "../../explore/posteriors.ts";
import type { Likelihood } from "../../metrics/likelihood.ts";
import { importanceWeighted } from "../../metrics/log_likelihood.ts";
import type { Ctx } from "../../models/vae.ts";
import { type Named, type Tensor, type Tensor1D, type Tensor4D, tf } from "../../tf.ts";
import type { EvaluationContext } from "./context.ts";

/** The importance-weighted bound of each likelihood, K = `options.draws`, the mean over images in nats. */
export async function importancePass(
  context: EvaluationContext,
  likelihoods: readonly Likelihood[],
): Promise<number[]> {
  const { draws } = context.options;
  const sums = likelihoods.map(() => 0);
  let count = 0;
  await context.each((images, labels, host, index) => {
    const rng = context.rng.fold("importance").fold(index);
    const latents = context.latents(images, context.ctx(rng, labels));
    const x = context.unit(images);
    const weights = likelihoods.map(() => [] as ArrayLike<number>[]); // [likelihood][draw][image]
    for (let k = 0; k < draws; k++) {
      const found = tf.tidy(() => {
        const ctx = context.ctx(rng.fold(k), labels);
        const { z, ratio } = drawn(context, images, latents, ctx);
        const decoded = context.decode(z, ctx);
        return likelihoods.map((p) => tf.add<Tensor1D>(p.logDensity(x, decoded), ratio));
      });
      for (const [i, w] of found.entries()) weights[i]!.push(w.dataSync());
      tf.dispose(found);
    }
    for (let n = 0; n < host.shape[0]; n++)
      for (const [i, w] of weights.entries()) sums[i]! += importanceWeighted(w.map((draw) => draw[n]!));
    count += host.shape[0];
  });
  return sums.map((sum) => sum / count);
}

/** Another draw of the latents, and its log p(z) - log q(z | x), [B]. */
function drawn(
  context: EvaluationContext,
  images: Tensor4D,
  latents: Encoded,
  ctx: Ctx,
): { readonly z: Named<Tensor>; readonly ratio: Tensor1D } {
  const all = Object.entries(latents.posterior);
  const [[only, q] = []] = all;
  let draws: [string, Draw][];
  if (all.length === 1) draws = [[only!, redraw(q!, ctx.rng)]];
  else {
    const { posterior, z } = context.latents(images, ctx); // each draw of one makes another posterior of those below
    draws = Object.entries(posterior).map(([name, own]) => [name, drawnFrom(own, z[name]!)]);
  }
  const z = Object.fromEntries(draws.map(([name, draw]) => [name, draw.z]));
  const sum = (of: (draw: Draw) => Tensor1D) =>
    draws.map(([, draw]) => of(draw)).reduce((a, b) => tf.add<Tensor1D>(a, b));
  const { vae } = context.run;
  const ratio = vae.logPrior
    ? tf.sub<Tensor1D>(
        vae.logPrior(z, ctx) as Tensor1D,
        sum((draw) => draw.logQ()),
      )
    : sum((draw) => draw.ratio());
  return { z, ratio };
}
