import type { HostBatch } from "../../data/loader.ts";
import { meansOf, widthsOf } from "../../explore/posteriors.ts";
import { still } from "../../explore/tempered_rng.ts";
import { activeOf, ColumnVariances } from "../../metrics/active_units.ts";
import { bitsPerDim, calibratedElbo } from "../../metrics/elbo.ts";
import { peakSignalToNoise } from "../../metrics/squared_error.ts";
import { newCtx } from "../../models/ctx.ts";
import type { Batch, Ctx, VAE } from "../../models/vae.ts";
import { nextTurn } from "../../process/turn.ts";
import { tf } from "../../tf.ts";
import { withTensors } from "./batch.ts";
import type { StepMetrics } from "./loggers/step_metrics.ts";
import type { Prepared } from "./prepared.ts";
import { END } from "./schedules.ts";
import { evaluateStep, type StepArgs } from "./step.ts";

/** What validation takes: `objective`, the weights of `val/objective` by term; where left out all terms are in it. */
export type ValidationArgs = Omit<StepArgs, "optimizers"> & Partial<Pick<Prepared, "objective">>;

/**
 * Means over all images of `batches`, by metric name: `total`, `objective` (the terms by its own weights, with all that
 * follows the step as it is at the end of its schedule), each term, what the model logs, and, where it gives `kl` and
 * `mse`, `elbo` in nats per image and `bits_per_dim` (both by `calibratedElbo`) and `psnr` in dB (of that mean squared
 * error); unless z are codes also `active_units`.
 */
export async function validate(
  args: ValidationArgs,
  batches: AsyncIterable<HostBatch>,
  step: number,
  imageRange: readonly [number, number],
): Promise<Record<string, number>> {
  const { objective: finalWeights = args.weights(END) } = args;
  const sums: Record<string, number> = {};
  let images = 0;
  let dims = 0;
  let index = 0;
  let places: { readonly variances: ColumnVariances; readonly widths: readonly number[] } | undefined;
  for await (const host of batches) {
    const rng = args.rng.fold(index++); // the same noise at each validation
    const { total, objective, terms, scalars } = withTensors(host, (batch) => {
      const means = placesOf(args.vae, batch, newCtx({ training: false, step, rng, labels: batch.labels }));
      if (means) {
        const dims = means.means.length / host.shape[0];
        places ??= { variances: new ColumnVariances(dims), widths: means.widths };
        places.variances.add(means.means);
      }
      let scheduled = false;
      const metrics = evaluateStep({ ...args, rng }, batch, step, () => {
        scheduled = true;
      });
      const atEnd = scheduled ? evaluateStep({ ...args, rng }, batch, END) : metrics;
      return { ...metrics, objective: weighted(atEnd.terms, finalWeights) };
    });
    const count = host.shape[0];
    for (const [name, value] of Object.entries({ total, objective, ...terms, ...scalars })) {
      sums[name] = (sums[name] ?? 0) + value * count;
    }
    images += count;
    dims = host.images.length / count;
    await nextTurn();
  }
  const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / images]));
  if (places) means.active_units = activeOf(places.variances.variances(), places.widths);
  if (means.kl === undefined || means.mse === undefined) return means;
  const width = imageRange[1] - imageRange[0];
  const mse = means.mse / (width * width);
  const elbo = calibratedElbo(mse, means.kl, dims);
  return { ...means, elbo, bits_per_dim: bitsPerDim(elbo, dims), psnr: peakSignalToNoise(mse) };
}

function weighted(terms: StepMetrics["terms"], weights: Prepared["objective"]): number {
  const parts = Object.entries(weights).map(([term, weight]) => weight * (terms[term] ?? 0));
  return parts.reduce((a, b) => a + b, 0);
}

/** Where images lie, packed [B, D], and the columns of each unit; undefined of grids of codes. */
function placesOf(vae: VAE, { images }: Batch, ctx: Ctx): PosteriorMeans | undefined {
  return tf.tidy(() => {
    const found = vae.encode(images, still(ctx));
    const all = Object.values(found.posterior);
    if (all.some(({ kind }) => kind === "codes")) return undefined;
    return { means: meansOf(found).dataSync(), widths: widthsOf(all) } as never;
  });
}

interface PosteriorMeans {
  readonly means: Float32Array;
  readonly widths: readonly number[];
}
