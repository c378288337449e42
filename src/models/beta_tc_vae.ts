import { Type } from "typebox";
import { wholeBatch } from "../backends/ranks.ts";
import { oneOf } from "../one_of.ts";
import { LikelihoodOptions, summedReconstruction, summedReconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE, onePhaseGaussianVAE } from "./gaussian.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import { klParts } from "./losses/kl_parts.ts";

const Params = Type.Object({
  ...ConvOptions,
  hidden_dims: Type.Array(ConvOptions.hidden_dims.items, {
    ...ConvOptions.hidden_dims,
    default: [32, 32, 32, 32],
  }),
  encoder_kernel: Type.Unsafe<3 | 4>({ ...ConvOptions.encoder_kernel, default: 4 }),
  encoder_dense: Type.Integer({
    minimum: 1,
    default: 256,
    description: "Width of a dense layer without activation before mean and log-variance.",
  }),
  batch_norm: Type.Boolean({ ...ConvOptions.batch_norm, default: false }),
  ...LikelihoodOptions,
  alpha: Type.Number({ minimum: 0, default: 1, description: "Weight of the mutual information." }),
  beta: Type.Number({ minimum: 0, default: 6, description: "Weight of the total correlation." }),
  gamma: Type.Number({ minimum: 0, default: 1, description: "Weight of the dimensions' KL." }),
  anneal_steps: Type.Integer({
    minimum: 0,
    default: 200,
    description: "Optimizer steps over which gamma rises from 0.",
  }),
  sampling: oneOf(["stratified", "weighted"], {
    default: "stratified",
    description:
      "How q(z) of all training images is estimated from a batch: minibatch stratified sampling, without bias, or minibatch weighted sampling.",
  }),
});

/**
 * The beta-TCVAE (Chen et al., arXiv 1802.04942, eq. 4): the KL in three parts, each with a weight, q(z) estimated from the
 * batch as one of all training images. On PyTorch-VAE's architecture. With alpha = beta = gamma = 1 it is the VAE, its KL by
 * the draw. Under `pixel_mean` the reconstruction is the squared error per image, as in PyTorch-VAE, and kld_weight weighs
 * nothing.
 */
export default defineModel({
  name: "BetaTCVAE",
  summary: "The KL in three parts, of which the total correlation of z weighs most: factors apart in z.",
  paper: {
    title: "Isolating Sources of Disentanglement in Variational Autoencoders",
    url: "https://arxiv.org/abs/1802.04942",
  },
  params: Params,
  knownAs: ["TCVAE"],
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: [
      "it takes 1 / kld_weight batches for the number of training images, and has the weights of stratified sampling in the wrong places",
    ],
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: ({ alpha, beta, gamma, anneal_steps }, convention) => ({
    reconstruction: summedReconstruction(convention),
    mi: { doc: "mutual information of z and the image, nats", weight: alpha },
    tc: { doc: "total correlation of z, nats", weight: beta },
    dimension_kl: {
      doc: "sum over dimensions of KL(q(z_d) || N(0, 1)), nats",
      weight: gamma,
      warmupSteps: anneal_steps,
    },
  }),
  build: (args) =>
    onePhaseGaussianVAE(args, (pass, { images }) => {
      const { mean, logVar } = pass;
      const [z, means, logVars] = [wholeBatch(pass.z), wholeBatch(mean), wholeBatch(logVar)];
      const { mi, tc, dimensionKl } = klParts(z, means, logVars, args.trainingImages(), args.params.sampling);
      return {
        terms: {
          reconstruction: summedReconstructionTerm(images, pass, args.convention, args.params),
          mi,
          tc,
          dimension_kl: dimensionKl,
        },
        scalars: { kl: klToUnitGaussian(mean, logVar) },
      };
    }),
});
