import { Type } from "typebox";
import { wholeBatch } from "../backends/ranks.ts";
import { ConfigError } from "../errors.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { KernelOptions, kernelOf } from "./blocks/mmd.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE, onePhaseGaussianVAE } from "./gaussian.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import { maximumMeanDiscrepancy } from "./losses/mmd.ts";
import { drawPrior } from "./point_autoencoder.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  alpha: Type.Number({
    maximum: 1,
    default: -0.5,
    description: "The KL's weight is 1 - alpha: of 1, z is as informative as it can be.",
  }),
  beta: Type.Number({
    minimum: 0,
    default: 5,
    description: "Weight of the reconstruction (the paper: 1; PyTorch-VAE's key).",
  }),
  reg_weight: Type.Number({
    default: 100,
    description: "lambda: the MMD's weight is alpha + lambda - 1, which must not be below 0.",
  }),
  ...KernelOptions,
});

/**
 * InfoVAE (Zhao et al., arXiv 1706.02262): beta R + (1 - alpha) KL(q(z | x) || p(z)) + (alpha + lambda - 1) D(q(z),
 * p(z)), D the maximum mean discrepancy. alpha = 0, lambda = 1 is the VAE; alpha = 1 the MMD-VAE. Under `pixel_mean` the KL
 * alone is times kld_weight, as in PyTorch-VAE.
 */
export default defineModel({
  name: "InfoVAE",
  summary:
    "The VAE that keeps z informative: less KL of each image, more discrepancy of all z from the prior.",
  paper: {
    title: "InfoVAE: Information Maximizing Variational Autoencoders",
    url: "https://arxiv.org/abs/1706.02262",
  },
  params: Params,
  knownAs: ["MMDVAE"],
  pytorchVae: {
    values: { output: "pytorch_vae", latent_var: 2, imq_scales: [1] },
    otherwise: [
      "it refuses an alpha above 0, and of the MMD's kernel imq it leaves pairs out that belong in, while it divides rbf by B (B - 1) once more",
    ],
  },
  complete: completeConvVAE,
  check(o, given) {
    checkGaussianVAE(o, given);
    if (o.alpha + o.reg_weight >= 1) return;
    throw new ConfigError(
      `model_params.reg_weight: expected at least ${1 - o.alpha}, 1 - alpha, for the MMD's weight alpha + reg_weight - 1 ` +
        `not to be below 0, got ${o.reg_weight}. Raise it.`,
    );
  },
  terms: ({ alpha, beta, reg_weight }, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: beta },
    kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: 1 - alpha },
    mmd: {
      doc: "squared maximum mean discrepancy of z and draws of N(0, I)",
      weight: alpha + reg_weight - 1,
    },
  }),
  build(args) {
    const kernel = kernelOf(args.params);
    return onePhaseGaussianVAE(args, (pass, { images }, ctx) => {
      const z = wholeBatch(pass.z);
      return {
        terms: {
          reconstruction: reconstructionTerm(images, pass, args.convention, args.params),
          kl: klToUnitGaussian(pass.mean, pass.logVar),
          mmd: maximumMeanDiscrepancy(z, drawPrior(z, ctx), kernel),
        },
      };
    });
  },
});
