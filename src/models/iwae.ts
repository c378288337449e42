import { Type } from "typebox";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import {
  boundTerm,
  checkImportance,
  ImportanceOptions,
  importanceWeightedVAE,
} from "./importance_weighted.ts";

const NAME = "IWAE";

const Params = Type.Object({
  ...ImportanceOptions,
  num_samples: Type.Integer({
    minimum: 1,
    default: 5,
    description: "K: draws of z an image, all decoded at each step.",
  }),
});

/**
 * The importance-weighted autoencoder: its one term is the bound -log 1/K sum_k w_k (Burda et al., arXiv 1509.00519, eq.
 * 8), in nats under either convention, as it is no sum of a reconstruction and a KL; those are logged beside it. Under
 * `pixel_mean` p(x | z) is the Gaussian that kld_weight implies (`logLikelihoods`) and kld_weight the bound's weight, so
 * that K = 1 is PyTorch-VAE's MSE + kld_weight KL, the KL by its draw.
 */
export default defineModel({
  name: NAME,
  summary: "The importance-weighted autoencoder: a tighter bound on log p(x) of several draws of z.",
  paper: { title: "Importance Weighted Autoencoders", url: "https://arxiv.org/abs/1509.00519" },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: [
      "its loss is no bound: it weighs the K losses of an image by a softmax of themselves, which favours the worst draws, and takes the KL in closed form",
    ],
  },
  complete: completeConvVAE,
  check: checkImportance(NAME),
  terms: () => boundTerm("-log 1/K sum_k p(x | z_k) p(z_k) / q(z_k | x), nats per image"),
  build(args) {
    return importanceWeightedVAE(args, { model: NAME, samples: args.params.num_samples, estimates: 1 });
  },
});
