import { Type } from "typebox";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import {
  boundTerm,
  checkImportance,
  ImportanceOptions,
  importanceWeightedVAE,
} from "./importance_weighted.ts";

const NAME = "MIWAE";

const Params = Type.Object({
  ...ImportanceOptions,
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
  name: NAME,
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
  complete: completeConvVAE,
  check: checkImportance(NAME),
  terms: () => boundTerm("mean of M times -log 1/K sum_k p(x | z_k) p(z_k) / q(z_k | x), nats per image"),
  build(args) {
    const { num_samples: samples, num_estimates: estimates } = args.params;
    return importanceWeightedVAE(args, { model: NAME, samples, estimates });
  },
});
