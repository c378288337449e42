import { frechetDistance } from "../../metrics/frechet.ts";
import { SSIM_MIN_SIDE } from "../../metrics/ssim.ts";
import { tf } from "../../tf.ts";
import type { FigureContext } from "./context.ts";
import { featureStatistics } from "./feature_statistics.ts";
import type { Figure } from "./figure.ts";

const tooSmall = ({ run }: FigureContext) => {
  const [height, width] = run.imageShape;
  return Math.min(height, width) < SSIM_MIN_SIDE
    ? `needs images of ${SSIM_MIN_SIDE}x${SSIM_MIN_SIDE} or more, these are ${height}x${width}`
    : undefined;
};

/** A mean over pairs of a picture and its reconstruction. */
const paired = (name: string, summary: string, missing?: NonNullable<Figure["missing"]>): Figure => ({
  name,
  summary,
  byDefault: true,
  ...(missing && { missing }),
  compute: async (context) => ({ [name]: (await context.pictures()).means[name]! }),
});

/** What pictures say: those reconstructed from the posterior's mean, and samples. */
export const pictureFigures: readonly Figure[] = [
  paired("mse", "mean squared error of reconstructions, images in [0, 1]"),
  paired("psnr", "peak signal-to-noise ratio of reconstructions in dB, the mean over images"),
  paired("ssim", "structural similarity of reconstructions, at most 1", tooSmall),
  paired("ms_ssim", "multi-scale structural similarity of reconstructions, 0 to 1", tooSmall),
  paired("lpips", "learned perceptual distance of reconstructions", ({ options }) =>
    options.lpips ? undefined : "needs trained files: --lpips vgg:BACKBONE:HEADS",
  ),
  {
    name: "frechet",
    summary:
      "Fréchet distance of a network's features (--network): of samples and of reconstructions to the images; not FID, whose network is Inception",
    byDefault: true,
    missing: ({ run }) => {
      const channels = run.imageShape[2];
      return channels === 1 || channels === 3 ? undefined : `needs 1 or 3 channels, these have ${channels}`;
    },
    async compute(context) {
      const { features } = await context.pictures();
      const { images, recons } = features!;
      const name = `frechet_${context.options.network.name}`;
      const reconstructions = frechetDistance(images.moments, recons.moments);
      const samples = await sampleStatistics(context, images.moments.count);
      return {
        [`${name}_reconstructions`]: reconstructions,
        ...(samples && { [`${name}_samples`]: frechetDistance(images.moments, samples) }),
      };
    },
  },
];

/** Of as many samples of the prior as there are images; undefined for a model without one. */
async function sampleStatistics(context: FigureContext, count: number) {
  const { vae, config } = context.run;
  if (vae.sample === undefined) return undefined;
  const statistics = await featureStatistics(context);
  const batch = config.data_params.val_batch_size;
  const given = vae.labels && (await context.posteriors()).labels; // as often as the images have them
  const width = vae.labels?.all.length ?? 0;
  for (let at = 0; at < count; at += batch) {
    const n = Math.min(batch, count - at);
    const rng = context.rng.fold("sample").fold(at);
    tf.tidy(() => {
      const labels = vae.labels && tf.tensor2d(given!.subarray(at * width, (at + n) * width), [n, width]);
      statistics.add(context.shown(vae.sample!(n, context.ctx(rng, labels))));
    });
    await new Promise(setImmediate);
  }
  statistics.dispose();
  return statistics.moments;
}
