import { Type } from "typebox";
import { type Scalar, type Tensor4D, tf } from "../tf.ts";
import { ConvOptions } from "./blocks/options.ts";
import { checkConvVAE, completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { onePhaseGaussianVAE } from "./gaussian.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import { logCosh, logCoshNormalizer } from "./losses/log_cosh.ts";

const Params = Type.Object({
  ...ConvOptions,
  alpha: Type.Number({
    exclusiveMinimum: 0,
    default: 100,
    description: "a of (1/a) log cosh(a t): the larger, the nearer to the absolute error.",
  }),
  beta: Type.Number({ minimum: 0, default: 10, description: "Weight of the KL." }),
});

/**
 * The VAE whose reconstruction costs (1/a) log cosh(a (x - x_hat)) of each value (Chen et al. 2018), between
 * the squared and the absolute error, and beta the KL. `elbo`: summed per image and normalized, the negative logarithm
 * of the density that is sech(a t)^(1/a) but for a factor, in nats; `pixel_mean`: the mean, as in PyTorch-VAE.
 */
export default defineModel({
  name: "LogCoshVAE",
  summary: "The VAE with the log hyperbolic cosine of errors in place of their squares: sharper, and smooth.",
  paper: {
    title: "Log Hyperbolic Cosine Loss Improves Variational Auto-Encoder",
    url: "https://openreview.net/forum?id=rkglvsC9Ym",
  },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: ["its cost overflows where alpha times an error is below -44"],
  },
  complete: completeConvVAE,
  check: checkConvVAE,
  terms: ({ beta }, convention) => ({
    log_cosh: {
      doc:
        convention === "elbo"
          ? "-log p(x | z), p that of (1/a) log cosh of errors, nats per image"
          : "(1/a) log cosh of a times the error, mean per element",
      weight: 1,
    },
    kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: beta },
  }),
  build(args) {
    const { alpha } = args.params;
    const dims = args.imageShape.reduce((a, b) => a * b);
    return onePhaseGaussianVAE(args, (pass, { images }) => {
      const mean = tf.mean<Scalar>(logCosh(tf.sub<Tensor4D>(pass.recons, images), alpha));
      const nats = () => tf.mul<Scalar>(dims, tf.add(mean, logCoshNormalizer(alpha)));
      return {
        terms: {
          log_cosh: args.convention === "elbo" ? nats() : mean,
          kl: klToUnitGaussian(pass.mean, pass.logVar),
        },
      };
    });
  },
});
