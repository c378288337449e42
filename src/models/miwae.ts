import { Type } from "typebox";
import { LikelihoodOptions } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE, completeGaussianVAE } from "./gaussian.ts";
import { boundTerm, checkOwnLikelihood, importanceWeightedVAE } from "./importance_weighted.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  sigma: Type.Union(LikelihoodOptions.sigma.anyOf, {
    default: 0.1,
    description:
      "Standard deviation of the Gaussian likelihood of the convention elbo, in the images' range: a number there.",
  }),
  num_samples: Type.Integer({ minimum: 1, default: 5, description: "K: draws of z of each estimate." }),
  num_estimates: Type.Integer({
    minimum: 1,
    default: 5,
    description: "M: estimates of the bound an image; all M K draws are decoded at each step.",
  }),
});

/**
 * The multiply importance-weighted autoencoder: the mean of M importance-weighted bounds of K draws each (Rainforth et al.,
 * arXiv 1802.04537), whose gradient is steadier for the encoder than that of one bound of M K draws. M = 1 is the
 * IWAE, M = K = 1 the VAE, its KL by the draw. Conventions are IWAE's.
 */
export default defineModel({
  name: "MIWAE",
  summary: "The mean of several importance-weighted bounds: tight, with a steadier gradient for the encoder.",
  paper: {
    title: "Tighter Variational Bounds are Not Necessarily Better",
    url: "https://arxiv.org/abs/1802.04537",
  },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: [
      "its loss is no bound: it weighs the K losses of an estimate by a softmax of themselves, which favours the worst draws, and takes the KL in closed form",
    ],
  },
  complete: completeGaussianVAE,
  check(o, given) {
    checkGaussianVAE(o, given);
    if (given) checkOwnLikelihood(o, given, "MIWAE");
  },
  terms: () => boundTerm("mean of M times -log 1/K sum_k p(x | z_k) p(z_k) / q(z_k | x), nats per image"),
  build(args) {
    checkOwnLikelihood(args.params, args, "MIWAE");
    const { num_samples: samples, num_estimates: estimates } = args.params;
    return importanceWeightedVAE(args, { samples, estimates });
  },
});
