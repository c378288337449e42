import type { Moments } from "../../metrics/frechet.ts";
import { sharpness } from "../../metrics/sharpness.ts";
import { tf } from "../../tf.ts";
import type { FigureContext } from "./context.ts";
import { imagesEvaluated } from "./evaluated.ts";
import { featureStatistics } from "./feature_statistics.ts";
import { posteriorSums } from "./posterior_pass.ts";

/** What samples of the prior say, as far as it was asked for. */
export interface SampleSums {
  readonly features: Moments | undefined;
  /** The mean over samples. */
  readonly sharpness: number | undefined;
}

/**
 * Of as many samples as there are images evaluated, with the images' labels where the model takes some; undefined for
 * a model without a prior.
 */
export const sampleSums = (context: FigureContext): Promise<SampleSums | undefined> =>
  context.once("samples", () => samplePass(context));

async function samplePass(context: FigureContext): Promise<SampleSums | undefined> {
  const { asked, run } = context;
  const { vae, config } = run;
  if (vae.sample === undefined) return undefined;
  const statistics = asked.has("frechet") ? await featureStatistics(context) : undefined;
  const count = await imagesEvaluated(context);
  const batch = config.data_params.val_batch_size;
  const given = vae.labels && (await posteriorSums(context)).labels;
  const width = vae.labels?.all.length ?? 0;
  let sum = 0;
  for (let at = 0; at < count; at += batch) {
    const n = Math.min(batch, count - at);
    const rng = context.rng.fold("sample").fold(at);
    tf.tidy(() => {
      const labels = vae.labels && tf.tensor2d(given!.subarray(at * width, (at + n) * width), [n, width]);
      const pictures = context.shown(vae.sample!(n, context.ctx(rng, labels)));
      statistics?.add(pictures);
      if (asked.has("sharpness")) sum += tf.sum(sharpness(pictures)).dataSync()[0]!;
    });
    await new Promise(setImmediate);
  }
  statistics?.dispose();
  return { features: statistics?.moments, sharpness: asked.has("sharpness") ? sum / count : undefined };
}
