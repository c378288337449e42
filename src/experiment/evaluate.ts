import { concat } from "../concat.ts";
import type { HostBatch } from "../data/loader.ts";
import { activeUnits } from "../metrics/active_units.ts";
import { peakSignalToNoise } from "../metrics/squared_error.ts";
import { newCtx } from "../models/ctx.ts";
import { bitsPerDim, calibratedElbo } from "../models/losses/elbo.ts";
import type { Batch, Ctx, VAE } from "../models/vae.ts";
import { tf } from "../tf.ts";
import { withTensors } from "./batch.ts";
import { evaluateStep, type StepArgs } from "./step.ts";

/**
 * Means over all images of `batches`, by metric name: `total`, each term, what the model logs, and, where it
 * gives `kl` and `mse`, `elbo` in nats per image and `bits_per_dim` (both by `calibratedElbo`) and `psnr` in dB (of
 * that mean squared error); of a Gaussian posterior also `active_units`.
 */
export async function evaluate(
  args: Omit<StepArgs, "optimizers">,
  batches: AsyncIterable<HostBatch>,
  step: number,
  imageRange: readonly [number, number],
): Promise<Record<string, number>> {
  const sums: Record<string, number> = {};
  let images = 0;
  let dims = 0;
  let index = 0;
  const posteriorMeans: Float32Array[] = [];
  for await (const host of batches) {
    const rng = args.rng.fold(index++); // the same noise at each validation
    const { total, terms, scalars } = withTensors(host, (batch) => {
      const means = meansOf(args.vae, batch, newCtx({ training: false, step, rng, labels: batch.labels }));
      if (means) posteriorMeans.push(means);
      return evaluateStep({ ...args, rng }, batch, step);
    });
    const count = host.shape[0];
    for (const [name, value] of Object.entries({ total, ...terms, ...scalars })) {
      sums[name] = (sums[name] ?? 0) + value * count;
    }
    images += count;
    dims = host.images.length / count;
    await new Promise(setImmediate); // signals and the progress display get their turn
  }
  const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / images]));
  if (posteriorMeans.length > 0) {
    const all = concat(posteriorMeans);
    means.active_units = activeUnits(all, all.length / images);
  }
  if (means.kl === undefined || means.mse === undefined) return means;
  const width = imageRange[1] - imageRange[0];
  const mse = means.mse / (width * width);
  const elbo = calibratedElbo(mse, means.kl, dims);
  return { ...means, elbo, bits_per_dim: bitsPerDim(elbo, dims), psnr: peakSignalToNoise(mse) };
}

/** The posterior's means, packed [B, D], where there is one latent and it is Gaussian. */
function meansOf(vae: VAE, { images }: Batch, ctx: Ctx): Float32Array | undefined {
  return tf.tidy(() => {
    const [q, ...others] = Object.values(vae.encode(images, ctx).posterior);
    if (q?.kind !== "gaussian" || others.length > 0) return undefined;
    return q.mean.dataSync() as Float32Array;
  });
}
