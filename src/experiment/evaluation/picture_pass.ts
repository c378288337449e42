import type { FigureContext, Measure } from "./context.ts";
import { type FeatureStatistics, featureStatistics } from "./feature_statistics.ts";

/** Means over the images evaluated, pictures against the pictures that are reconstructed of them. */
export interface PictureSums {
  /** By the names of the figures' measures, of those asked for. */
  readonly means: Readonly<Record<string, number>>;
  /** Features of the images and of the reconstructions, where the Fréchet distance was asked for. */
  readonly features: { readonly images: FeatureStatistics; readonly recons: FeatureStatistics } | undefined;
}

export const pictureSums = (context: FigureContext): Promise<PictureSums> =>
  context.once("pictures", () => picturePass(context));

async function picturePass(context: FigureContext): Promise<PictureSums> {
  const { asked, run } = context;
  const measures: Record<string, Measure> = {};
  let features: PictureSums["features"];
  const sums: Record<string, number> = {};
  let count = 0;
  try {
    for (const figure of asked.values()) Object.assign(measures, await figure.measures?.(context));
    if (asked.has("frechet"))
      features = { images: await featureStatistics(context), recons: await featureStatistics(context) };
    await context.each((images, labels, host, index) => {
      const ctx = context.ctx(context.rng.fold("reconstruct").fold(index), labels);
      const x = context.shown(images);
      const y = context.shown(run.vae.reconstruct(images, ctx));
      for (const [name, measure] of Object.entries(measures)) {
        const values: ArrayLike<number> = measure.of(x, y).dataSync();
        sums[name] = Array.from(values).reduce((a, b) => a + b, sums[name] ?? 0);
      }
      features?.images.add(x);
      features?.recons.add(y);
      count += host.shape[0];
    });
  } finally {
    for (const measure of Object.values(measures)) measure.dispose?.();
    features?.images.dispose();
    features?.recons.dispose();
  }
  return {
    means: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count])),
    features,
  };
}
