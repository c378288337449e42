import { concat } from "../../concat.ts";
import type { PictureMetric, PictureObserver, Values } from "../../metrics/define.ts";
import { tf } from "../../tf.ts";
import type { EvaluationContext } from "./context.ts";

/** The numbers of all `metrics` of pictures, by metric, from one pass over images and reconstructions and one of samples. */
export const pictureValues = (
  context: EvaluationContext,
  metrics: readonly PictureMetric[],
): Promise<ReadonlyMap<string, Values>> =>
  context.once("pictures", async () => {
    const { imageShape } = context.run;
    const observers = new Map<string, PictureObserver>();
    try {
      for (const metric of metrics)
        observers.set(metric.name, await metric.open({ imageShape, options: context.options }));
      await observe(context, [...observers.values()]);
      return new Map([...observers].map(([name, observer]) => [name, observer.numbers()]));
    } finally {
      for (const observer of observers.values()) observer.dispose?.();
    }
  });

async function observe(context: EvaluationContext, observers: readonly PictureObserver[]): Promise<void> {
  const labels: Float32Array[] = [];
  let count = 0;
  await context.each((images, batchLabels, host, index) => {
    const ctx = context.ctx(context.rng.fold("reconstruct").fold(index), batchLabels);
    const x = context.shown(images);
    const y = context.shown(context.run.vae.reconstruct(images, ctx));
    for (const observer of observers) observer.pairs(x, y);
    if (host.labels) labels.push(host.labels);
    count += host.shape[0];
  });
  const ofSamples = observers.filter(({ samples }) => samples !== undefined);
  if (ofSamples.length > 0) await observeSamples(context, ofSamples, count, concat(labels));
}

/**
 * Shows as many samples of the prior as there are images evaluated, with the images' labels where the model takes some;
 * none of a model without a prior.
 */
async function observeSamples(
  context: EvaluationContext,
  observers: readonly PictureObserver[],
  count: number,
  labels: Float32Array,
): Promise<void> {
  const { vae, config } = context.run;
  if (vae.sample === undefined) return;
  const batch = config.data_params.val_batch_size;
  const width = vae.labels?.all.length ?? 0;
  for (let at = 0; at < count; at += batch) {
    const n = Math.min(batch, count - at);
    const rng = context.rng.fold("sample").fold(at);
    tf.tidy(() => {
      const given = vae.labels && tf.tensor2d(labels.subarray(at * width, (at + n) * width), [n, width]);
      const pictures = context.shown(vae.sample!(n, context.ctx(rng, given)));
      for (const observer of observers) observer.samples!(pictures);
    });
    await new Promise(setImmediate);
  }
}
