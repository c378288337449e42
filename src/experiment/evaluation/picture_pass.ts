import { concat } from "../../concat.ts";
import { UserError } from "../../errors.ts";
import { type PictureMetric, type PictureObserver, samplesName, type Values } from "../../metrics/define.ts";
import { nextTurn } from "../../process/turn.ts";
import type { DrawImages, SamplerDefinition } from "../../samplers/define.ts";
import { tf } from "../../tf.ts";
import { fittedSamplers, type OpenSampler, openSampler } from "../trained/sampler_files.ts";
import type { EvaluationContext } from "./context.ts";
import { setupsOf } from "./picture_setups.ts";

/** The numbers of all `metrics` of pictures, by metric, from one pass over images and reconstructions and one of samples. */
export const pictureValues = (
  context: EvaluationContext,
  metrics: readonly PictureMetric[],
): Promise<ReadonlyMap<string, Values>> =>
  context.once("pictures", async () => {
    const opened: { readonly metric: string; readonly observer: PictureObserver }[] = [];
    try {
      for (const metric of metrics)
        for (const setup of setupsOf(metric, context))
          opened.push({ metric: metric.name, observer: await metric.open(setup) });
      const observers = opened.map(({ observer }) => observer);
      await observe(context, observers);
      const values = new Map<string, Values>();
      for (const { metric, observer } of opened)
        values.set(metric, { ...values.get(metric), ...observer.numbers() });
      return values;
    } finally {
      for (const { observer } of opened) observer.dispose?.();
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
  if (ofSamples.length === 0) return;
  const { vae } = context.run;
  const show = (draw: DrawImages, sampler?: string) =>
    observeSamples(context, ofSamples, { draw, sampler, count, labels: concat(labels) });
  if (vae.sample !== undefined) await show((n, ctx) => vae.sample!(n, ctx));
  for (const definition of fittedSamplers(context.run.runDir)) {
    const sampler = opened(context, definition);
    if (sampler?.draw !== undefined) await show(sampler.draw, sampler.name);
    sampler?.dispose();
  }
}

/** A sampler that was fitted to the run; undefined, and left out, where it is another checkpoint's or damaged. */
function opened(context: EvaluationContext, definition: SamplerDefinition): OpenSampler | undefined {
  try {
    return openSampler(context.run, definition);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    context.leftOut[samplesName(definition.name)] = error.message;
    return undefined;
  }
}

interface Samples {
  readonly draw: DrawImages;
  /** Undefined: the model's prior. */
  readonly sampler: string | undefined;
  readonly count: number;
  /** Of the images evaluated. */
  readonly labels: Float32Array;
}

/** Shows as many samples as there are images evaluated, with the images' labels where the model takes some. */
async function observeSamples(
  context: EvaluationContext,
  observers: readonly PictureObserver[],
  { draw, sampler, count, labels }: Samples,
): Promise<void> {
  const { vae, config } = context.run;
  const batch = config.data_params.val_batch_size;
  const width = vae.labels?.all.length ?? 0;
  for (let at = 0; at < count; at += batch) {
    const n = Math.min(batch, count - at);
    const rng = context.rng.fold("sample").fold(at);
    tf.tidy(() => {
      const given = vae.labels && tf.tensor2d(labels.subarray(at * width, (at + n) * width), [n, width]);
      const pictures = context.shown(draw(n, context.ctx(rng, given)));
      for (const observer of observers) observer.samples!(pictures, sampler);
    });
    await nextTurn();
  }
}
