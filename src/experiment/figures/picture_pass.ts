import { loadLpips } from "../../metrics/lpips.ts";
import { loadPerceptual } from "../../metrics/perceptual.ts";
import { sharpness } from "../../metrics/sharpness.ts";
import { peakSignalToNoise, squaredError } from "../../metrics/squared_error.ts";
import { multiScaleSsim, SSIM_MIN_SIDE, ssim } from "../../metrics/ssim.ts";
import type { Tensor1D, Tensor4D } from "../../tf.ts";
import type { FigureContext } from "./context.ts";
import { type FeatureStatistics, featureStatistics } from "./feature_statistics.ts";

/** Means over the images evaluated, pictures against the pictures that are reconstructed of them. */
export interface PictureSums {
  /** By figure: mse, psnr, ssim, ms_ssim, lpips, perceptual, sharpness_…, as far as they were asked for. */
  readonly means: Readonly<Record<string, number>>;
  /** Features of the images and of the reconstructions, where the Fréchet distance was asked for. */
  readonly features: { readonly images: FeatureStatistics; readonly recons: FeatureStatistics } | undefined;
}

export async function picturePass(context: FigureContext): Promise<PictureSums> {
  const { asked, run, options } = context;
  const [height, width] = run.imageShape;
  const lpips =
    asked.has("lpips") && options.lpips ? await loadLpips(options.lpips, run.imageShape) : undefined;
  const { imageShape } = run;
  const { network, baseDir } = options;
  const perceptual = asked.has("perceptual")
    ? await loadPerceptual(network, { imageShape, baseDir })
    : undefined;
  const features = asked.has("frechet")
    ? { images: await featureStatistics(context), recons: await featureStatistics(context) }
    : undefined;
  const fits = Math.min(height, width) >= SSIM_MIN_SIDE;
  const measures: Record<string, (x: Tensor4D, y: Tensor4D) => Tensor1D> = {
    mse: squaredError,
    ...(asked.has("ssim") && fits && { ssim }),
    ...(asked.has("ms_ssim") && fits && { ms_ssim: multiScaleSsim }),
    ...(lpips && { lpips: lpips.distance }),
    ...(perceptual && { perceptual: perceptual.distance }),
    ...(asked.has("sharpness") && {
      sharpness_images: sharpness,
      sharpness_reconstructions: (_: Tensor4D, y: Tensor4D) => sharpness(y),
    }),
  };
  const sums: Record<string, number> = {};
  const add = (name: string, values: ArrayLike<number>) => {
    sums[name] = Array.from(values).reduce((a, b) => a + b, sums[name] ?? 0);
  };
  let count = 0;
  try {
    await context.each((images, labels, host, index) => {
      const ctx = context.ctx(context.rng.fold("reconstruct").fold(index), labels);
      const x = context.shown(images);
      const y = context.shown(run.vae.reconstruct(images, ctx));
      for (const [name, measure] of Object.entries(measures)) {
        const values = measure(x, y).dataSync();
        add(name, values);
        if (name === "mse") add("psnr", Array.from(values, peakSignalToNoise));
      }
      features?.images.add(x);
      features?.recons.add(y);
      count += host.shape[0];
    });
  } finally {
    lpips?.dispose();
    perceptual?.dispose();
    features?.images.dispose();
    features?.recons.dispose();
  }
  return {
    means: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / count])),
    features,
  };
}
