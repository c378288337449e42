import { type Static, Type } from "typebox";
import { wholeBatch } from "../backends/ranks.ts";
import { oneOf } from "../one_of.ts";
import { type Tensor2D, tf } from "../tf.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE } from "./gaussian.ts";
import { meanAbsoluteError } from "./losses/reconstruction.ts";
import { slicedWasserstein } from "./losses/sliced_wasserstein.ts";
import { drawPrior, pointAutoencoder } from "./point_autoencoder.ts";
import type { Ctx } from "./vae.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  reg_weight: Type.Number({
    minimum: 0,
    default: 100,
    description: "Weight of the sliced Wasserstein distance, lambda.",
  }),
  wasserstein_deg: Type.Number({
    minimum: 1,
    default: 2,
    description: "p of the distance, whose p-th power the term is.",
  }),
  num_projections: Type.Integer({ minimum: 1, default: 50, description: "Directions of each step." }),
  projection_dist: oneOf(["normal", "cauchy"], {
    default: "normal",
    description: "Directions: normal, uniform on the sphere (the paper); cauchy, nearer to the axes.",
  }),
});

/**
 * The sliced-Wasserstein autoencoder (Kolouri et al., arXiv 1804.01947, algorithm 1) with a deterministic encoder: a cost
 * of reconstruction and the distance of a batch's z from as many draws of N(0, I), the mean over random directions of their
 * distance in one dimension, which sorting gives. As in the authors' code and PyTorch-VAE the absolute error is added,
 * under `pixel_mean`.
 */
export default defineModel({
  name: "SWAE",
  summary: "The sliced-Wasserstein autoencoder: codes that look like the prior from every direction.",
  paper: {
    title: "Sliced-Wasserstein Autoencoder: An Embarrassingly Simple Generative Model",
    url: "https://arxiv.org/abs/1804.01947",
  },
  params: Params,
  knownAs: ["SlicedWassersteinAE"],
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: [
      "it divides the distance by B (B - 1) besides, B images a batch, so that a reg_weight of 100 there is 0.025 here at 64 images",
    ],
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: ({ reg_weight, wasserstein_deg }, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    absolute_error: {
      doc: `mean absolute error per element${convention === "elbo" ? " (off by default)" : ""}`,
      weight: convention === "elbo" ? 0 : 1,
    },
    swd: {
      doc: `sliced Wasserstein distance of z and draws of N(0, I), to the power ${wasserstein_deg}`,
      weight: reg_weight,
    },
  }),
  build(args) {
    const o = args.params;
    return pointAutoencoder(args, (pass, { images }, ctx) => {
      const z = wholeBatch(pass.z);
      return {
        terms: {
          reconstruction: reconstructionTerm(images, pass, args.convention, o),
          absolute_error: meanAbsoluteError(images, pass.recons),
          swd: slicedWasserstein(z, drawPrior(z, ctx), directions(o, ctx), o.wasserstein_deg),
        },
      };
    });
  },
});

/** Random directions of length 1, [S, D]. */
function directions(o: Static<typeof Params>, { rng }: Pick<Ctx, "rng">): Tensor2D {
  const shape = [o.num_projections, o.latent_dim];
  const stream = rng.fold("directions");
  const drawn =
    o.projection_dist === "normal"
      ? stream.normal<Tensor2D>(shape)
      : tf.tan<Tensor2D>(tf.mul<Tensor2D>(Math.PI, tf.sub(stream.uniform<Tensor2D>(shape), 0.5)));
  return tf.div(drawn, tf.sqrt(tf.add(tf.sum(tf.square(drawn), 1, true), 1e-30)));
}
