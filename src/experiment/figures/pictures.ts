import { frechetDistance } from "../../metrics/frechet.ts";
import { SSIM_MIN_SIDE } from "../../metrics/ssim.ts";
import { noVariance } from "./evaluated.ts";
import type { Figure, FigureSubject, Metric } from "./figure.ts";

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
const paired = (name: string, metric: Metric, missing?: NonNullable<Figure["missing"]>): Figure => ({
  name,
  metrics: { [name]: metric },
  byDefault: true,
  ...(missing && { missing }),
  compute: async (context) => ({ [name]: (await context.pictures()).means[name]! }),
});

const better = (which: Metric["better"], computed: string, unit = ""): Metric => ({
  unit,
  better: which,
  computed,
});

/** What pictures say: those reconstructed from the posterior's mean, and samples. */
export const pictureFigures: readonly Figure[] = [
  paired("mse", {
    ...better("lower", "mean squared error of reconstructions, images in [0, 1]"),
    column: true,
  }),
  paired("psnr", {
    ...better("higher", "peak signal-to-noise ratio of reconstructions, the mean over images", "dB"),
    column: true,
  }),
  paired("ssim", better("higher", "structural similarity of reconstructions", "at most 1"), tooSmall),
  paired(
    "ms_ssim",
    better("higher", "multi-scale structural similarity of reconstructions", "at most 1"),
    tooSmall,
  ),
  paired("lpips", better("lower", "learned perceptual distance of reconstructions"), ({ options }) =>
    options.lpips ? undefined : "needs trained files: --lpips vgg:BACKBONE:HEADS",
  ),
  {
    name: "frechet",
    metrics: {
      frechet_NETWORK_reconstructions: better(
        "lower",
        "Fréchet distance of the network's features, of reconstructions to the images; not FID",
      ),
      frechet_NETWORK_samples: better("lower", "the same of samples to the images"),
    },
    byDefault: true,
    missing: async (subject) => notForNetworks(subject) ?? (await noVariance(subject)),
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
    metrics: {
      perceptual_NETWORK: better(
        "lower",
        "distance of reconstructions by the network's features, as LPIPS without its trained heads",
      ),
    },
    byDefault: false,
    missing: notForNetworks,
    async compute(context) {
      const { means } = await context.pictures();
      return { [`perceptual_${context.options.network.name}`]: means.perceptual! };
    },
  },
  {
    name: "sharpness",
    metrics: {
      sharpness_images: better("neither", "variance of the images' Laplacian"),
      sharpness_reconstructions: better("images", "variance of the reconstructions' Laplacian"),
      sharpness_samples: better("images", "variance of the samples' Laplacian"),
    },
    byDefault: true,
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
