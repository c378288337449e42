import { type Static, Type } from "typebox";
import { ConfigError } from "../errors.ts";
import { type Scalar, type Tensor4D, tf } from "../tf.ts";
import { ConvOptions } from "./blocks/options.ts";
import { checkConvVAE, completeConvVAE } from "./conv_vae.ts";
import { defineModel, type Given } from "./define.ts";
import { onePhaseGaussianVAE } from "./gaussian.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import { multiScaleSsim, WINDOW } from "./losses/ssim.ts";

const Params = Type.Object({
  ...ConvOptions,
  window_size: Type.Integer({
    minimum: 1,
    default: WINDOW,
    description:
      "Side of the Gaussian window in pixels, odd. Images have as many of the five scales as it fits into.",
  }),
});

/** What a nat weighs in PyTorch-VAE beside this cost, the inverse of its kld_weight. */
const COST_IN_NATS = 4000;

/**
 * The VAE whose images are compared by 1 - MS-SSIM (Snell et al., arXiv 1511.06409; Wang et al. 2003, eq. 7), with as many
 * scales as fit into the image, their exponents scaled to a sum of 1. The cost is no likelihood: under `elbo` it weighs
 * 4000 nats, under `pixel_mean` a nat weighs kld_weight, PyTorch-VAE's 1/4000.
 */
export default defineModel({
  name: "MSSIMVAE",
  summary: "The VAE that compares images by their structure at several scales (MS-SSIM).",
  paper: {
    title: "Learning to Generate Images With Perceptual Similarity Metrics",
    url: "https://arxiv.org/abs/1511.06409",
  },
  params: Params,
  knownAs: ["MSSSIMVAE", "SSIMVAE"],
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: [
      "its window is heaviest at its edge, its five scales are padded with zeros, the last one's similarity counts four times, and a negative contrast is NaN",
    ],
  },
  complete: completeConvVAE,
  check(o, given) {
    checkConvVAE(o, given);
    checkWindow(o, given);
  },
  terms: (_, convention) => ({
    ms_ssim: {
      doc: "1 - MS-SSIM of images and reconstructions, 0 to 1",
      weight: convention === "elbo" ? COST_IN_NATS : 1,
    },
    kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: 1 },
  }),
  build(args) {
    const [low, high] = args.imageRange;
    const unit = (x: Tensor4D): Tensor4D =>
      low === 0 && high === 1 ? x : tf.div(tf.sub(x, low), high - low);
    checkWindow(args.params, args);
    return onePhaseGaussianVAE(args, (pass, { images }) => {
      const similarity = multiScaleSsim(unit(images), unit(pass.recons), args.params.window_size);
      return {
        terms: {
          ms_ssim: tf.sub<Scalar>(1, tf.mean(similarity)),
          kl: klToUnitGaussian(pass.mean, pass.logVar),
        },
      };
    });
  },
});

/** @throws ConfigError where the window has no middle, or is larger than the image */
function checkWindow({ window_size }: Static<typeof Params>, given?: Pick<Given, "imageShape">): void {
  const side = Math.min(...(given?.imageShape?.slice(0, 2) ?? [window_size]));
  if (window_size % 2 === 1 && window_size <= side) return;
  throw new ConfigError(
    `model_params.window_size: expected an odd number of at most ${side}, the side of the images, got ${window_size}.`,
  );
}
