import { frechetDistance } from "../../metrics/frechet.ts";
import { SSIM_MIN_SIDE } from "../../metrics/ssim.ts";
import type { Better, Figure, FigureSubject } from "./figure.ts";

const tooSmall = ({ run }: FigureSubject) => {
  const [height, width] = run.imageShape;
  return Math.min(height, width) < SSIM_MIN_SIDE
    ? `needs images of ${SSIM_MIN_SIDE}x${SSIM_MIN_SIDE} or more, these are ${height}x${width}`
    : undefined;
};

const notForNetworks = ({ run }: FigureSubject) => {
  const channels = run.imageShape[2];
  return channels === 1 || channels === 3 ? undefined : `needs 1 or 3 channels, these have ${channels}`;
};

/** A mean over pairs of a picture and its reconstruction. */
const paired = (
  name: string,
  better: Better,
  summary: string,
  missing?: NonNullable<Figure["missing"]>,
): Figure => ({
  name,
  summary,
  byDefault: true,
  better,
  ...(missing && { missing }),
  compute: async (context) => ({ [name]: (await context.pictures()).means[name]! }),
});

/** What pictures say: those reconstructed from the posterior's mean, and samples. */
export const pictureFigures: readonly Figure[] = [
  paired("mse", "lower", "mean squared error of reconstructions, images in [0, 1]"),
  paired("psnr", "higher", "peak signal-to-noise ratio of reconstructions in dB, the mean over images"),
  paired("ssim", "higher", "structural similarity of reconstructions, at most 1", tooSmall),
  paired("ms_ssim", "higher", "multi-scale structural similarity of reconstructions, 0 to 1", tooSmall),
  paired("lpips", "lower", "learned perceptual distance of reconstructions", ({ options }) =>
    options.lpips ? undefined : "needs trained files: --lpips vgg:BACKBONE:HEADS",
  ),
  {
    name: "frechet",
    summary:
      "Fréchet distance of a network's features (--network): of samples and of reconstructions to the images; not FID, whose network is Inception",
    byDefault: true,
    better: "lower",
    missing: notForNetworks,
    async compute(context) {
      const { features } = await context.pictures();
      const { images, recons } = features!;
      const name = `frechet_${context.options.network.name}`;
      const reconstructions = frechetDistance(images.moments, recons.moments);
      const samples = await context.samples();
      return {
        [`${name}_reconstructions`]: reconstructions,
        ...(samples && { [`${name}_samples`]: frechetDistance(images.moments, samples.features!) }),
      };
    },
  },
  {
    name: "perceptual",
    summary:
      "distance of reconstructions by a network's features (--network), as LPIPS without its trained heads",
    byDefault: false,
    better: "lower",
    missing: notForNetworks,
    async compute(context) {
      const { means } = await context.pictures();
      return { [`perceptual_${context.options.network.name}`]: means.perceptual! };
    },
  },
  {
    name: "sharpness",
    summary: "variance of the Laplacian: of the images, of reconstructions and of samples",
    byDefault: true,
    better: { sharpness_images: "neither", sharpness_reconstructions: "images", sharpness_samples: "images" },
    async compute(context) {
      const { sharpness_images, sharpness_reconstructions } = (await context.pictures()).means;
      const samples = await context.samples();
      return {
        sharpness_images: sharpness_images!,
        sharpness_reconstructions: sharpness_reconstructions!,
        ...(samples && { sharpness_samples: samples.sharpness! }),
      };
    },
  },
];
