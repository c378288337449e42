import type { HostBatch } from "../data/loader.ts";
import { bitsPerDim, calibratedElbo } from "../models/losses/elbo.ts";
import { withTensors } from "./batch.ts";
import { evaluateStep, type StepArgs } from "./step.ts";

/**
 * Means over all images of `batches`, by metric name: `total`, each term, what the model logs, and, where it
 * gives `kl` and `mse`, `elbo` in nats per image and `bits_per_dim` (both by `calibratedElbo`).
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
  for await (const host of batches) {
    const rng = args.rng.fold(index++); // the same noise at each validation
    const { total, terms, scalars } = withTensors(host, (batch) =>
      evaluateStep({ ...args, rng }, batch, step),
    );
    const count = host.shape[0];
    for (const [name, value] of Object.entries({ total, ...terms, ...scalars })) {
      sums[name] = (sums[name] ?? 0) + value * count;
    }
    images += count;
    dims = host.images.length / count;
    await new Promise(setImmediate); // signals and the progress display get their turn
  }
  const means = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / images]));
  if (means.kl === undefined || means.mse === undefined) return means;
  const width = imageRange[1] - imageRange[0];
  const elbo = calibratedElbo(means.mse / (width * width), means.kl, dims);
  return { ...means, elbo, bits_per_dim: bitsPerDim(elbo, dims) };
}
