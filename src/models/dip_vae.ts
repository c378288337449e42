import { Type } from "typebox";
import { wholeBatch } from "../backends/ranks.ts";
import { oneOf } from "../one_of.ts";
import { LikelihoodOptions, summedReconstruction, summedReconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE, onePhaseGaussianVAE } from "./gaussian.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import { covariance, covarianceOfDraws, identityGaps } from "./losses/moments.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  dip_type: oneOf(["i", "ii"], {
    default: "ii",
    description: "Whose covariance is to be I: i, that of the posterior's means; ii, that of z.",
  }),
  lambda_diag: Type.Number({
    minimum: 0,
    default: 10,
    description: "Weight of sum_i (C_ii - 1)^2 (the paper: 10 lambda_offdiag for i, lambda_offdiag for ii).",
  }),
  lambda_offdiag: Type.Number({ minimum: 0, default: 5, description: "Weight of sum_{i != j} C_ij^2." }),
});

/**
 * DIP-VAE (Kumar et al., arXiv 1711.00848): the VAE with a penalty on the distance of a covariance C, over the batch, from
 * the identity. I: of the posterior's means (eq. 6); II: of z, that of the means plus the mean variances (eq. 7). Under
 * `pixel_mean` the reconstruction is the squared error per image, as in PyTorch-VAE, whose kld_weight is 1 to it.
 */
export default defineModel({
  name: "DIPVAE",
  summary: "The VAE with a penalty on correlations of z and on variances other than 1: factors apart in z.",
  paper: {
    title: "Variational Inference of Disentangled Latent Concepts from Unlabeled Observations",
    url: "https://arxiv.org/abs/1711.00848",
  },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: [
      "its penalty is of means centered within each image, of sums and not means over the batch, and of variances squared, and is added to losses summed over the batch",
    ],
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: ({ lambda_diag, lambda_offdiag }, convention) => ({
    reconstruction: summedReconstruction(convention),
    kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: 1 },
    dip_diagonal: { doc: "sum_i (C_ii - 1)^2 of the covariance C", weight: lambda_diag },
    dip_offdiagonal: { doc: "sum_{i != j} C_ij^2 of the covariance C", weight: lambda_offdiag },
  }),
  build(args) {
    const o = args.params;
    return onePhaseGaussianVAE(args, (pass, { images }) => {
      const { mean, logVar } = pass;
      const means = wholeBatch(mean);
      const gaps = identityGaps(
        o.dip_type === "i" ? covariance(means) : covarianceOfDraws(means, wholeBatch(logVar)),
      );
      return {
        terms: {
          reconstruction: summedReconstructionTerm(images, pass, args.convention, o),
          kl: klToUnitGaussian(mean, logVar),
          dip_diagonal: gaps.diagonal,
          dip_offdiagonal: gaps.offDiagonal,
        },
      };
    });
  },
});
