import { frechetDistance } from "../../metrics/frechet.ts";
import { type Lpips, loadLpips } from "../../metrics/lpips.ts";
import { loadPerceptual } from "../../metrics/perceptual.ts";
import { sharpness } from "../../metrics/sharpness.ts";
import { signalToNoise, squaredError } from "../../metrics/squared_error.ts";
import { multiScaleSsim, SSIM_MIN_SIDE, ssim } from "../../metrics/ssim.ts";
import type { FigureContext, Measure } from "./context.ts";
import { noVariance } from "./evaluated.ts";
import type { Figure, FigureSubject } from "./figure.ts";
import { pictureSums } from "./picture_pass.ts";
import { sampleSums } from "./sample_pass.ts";

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

const asMeasure = ({ distance, dispose }: Lpips): Measure => ({ of: distance, dispose });

/** A mean over pairs of an image and its reconstruction. */
const paired = (
  name: string,
  measure: (context: FigureContext) => Measure["of"] | Promise<Measure>,
  missing?: NonNullable<Figure["missing"]>,
): Figure => ({
  name,
  byDefault: true,
  ...(missing && { missing }),
  async measures(context) {
    const found = await measure(context);
    return { [name]: typeof found === "function" ? { of: found } : found };
  },
  compute: async (context) => ({ [name]: (await pictureSums(context)).means[name]! }),
});

/** What pictures say: those reconstructed from the posterior's mean, and samples. */
export const pictureFigures: readonly Figure[] = [
  paired("mse", () => squaredError),
  paired("psnr", () => signalToNoise),
  paired("ssim", () => ssim, tooSmall),
  paired("ms_ssim", () => multiScaleSsim, tooSmall),
  paired(
    "lpips",
    async ({ options, run }) => asMeasure(await loadLpips(options.lpips!, run.imageShape)),
    ({ options }) => (options.lpips ? undefined : "needs trained files: --lpips vgg:BACKBONE:HEADS"),
  ),
  {
    name: "frechet",
    byDefault: true,
    missing: async (subject) => notForNetworks(subject) ?? (await noVariance(subject)),
    async compute(context) {
      const { features } = await pictureSums(context);
      const { images, recons } = features!;
      const name = `frechet_${context.options.network.name}`;
      const reconstructions = frechetDistance(images.moments, recons.moments);
      const samples = await sampleSums(context);
      return {
        [`${name}_reconstructions`]: reconstructions,
        ...(samples && { [`${name}_samples`]: frechetDistance(images.moments, samples.features!) }),
      };
    },
  },
  {
    name: "perceptual",
    byDefault: false,
    missing: notForNetworks,
    async measures({ options: { network, baseDir }, run: { imageShape } }) {
      return { perceptual: asMeasure(await loadPerceptual(network, { imageShape, baseDir })) };
    },
    async compute(context) {
      const { means } = await pictureSums(context);
      return { [`perceptual_${context.options.network.name}`]: means.perceptual! };
    },
  },
  {
    name: "sharpness",
    byDefault: true,
    measures: async () => ({
      sharpness_images: { of: sharpness },
      sharpness_reconstructions: { of: (_, y) => sharpness(y) },
    }),
    async compute(context) {
      const { sharpness_images, sharpness_reconstructions } = (await pictureSums(context)).means;
      const samples = await sampleSums(context);
      return {
        sharpness_images: sharpness_images!,
        sharpness_reconstructions: sharpness_reconstructions!,
        ...(samples && { sharpness_samples: samples.sharpness! }),
      };
    },
  },
];
