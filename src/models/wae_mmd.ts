import { Type } from "typebox";
import { wholeBatch } from "../backends/ranks.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { KernelOptions, kernelOf } from "./blocks/mmd.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE } from "./gaussian.ts";
import { maximumMeanDiscrepancy } from "./losses/mmd.ts";
import { drawPrior, pointAutoencoder } from "./point_autoencoder.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  sigma: Type.Union(LikelihoodOptions.sigma.anyOf, {
    default: Math.SQRT1_2,
    description:
      "Standard deviation of the Gaussian likelihood of the convention elbo: of sqrt(1/2) the cost is |x - G(z)|^2, the paper's, but for a constant.",
  }),
  ...KernelOptions,
  reg_weight: Type.Number({ minimum: 0, default: 100, description: "Weight of the MMD, lambda." }),
});

/**
 * The Wasserstein autoencoder (Tolstikhin et al., arXiv 1711.01558, algorithm 2) with a deterministic encoder: a cost of
 * reconstruction and the maximum mean discrepancy of a batch's z from as many draws of N(0, I).
 */
export default defineModel({
  name: "WAE_MMD",
  summary: "The Wasserstein autoencoder: codes that together look like the prior, by a kernel's discrepancy.",
  paper: { title: "Wasserstein Auto-Encoders", url: "https://arxiv.org/abs/1711.01558" },
  params: Params,
  knownAs: ["WAE", "WassersteinVAE"],
  pytorchVae: {
    values: { output: "pytorch_vae", latent_var: 2, imq_scales: [1] },
    otherwise: [
      "it divides the MMD of kernel_type: rbf by B (B - 1) once more, B images a batch, so that a reg_weight of 5000 there is about 1 here at 64 images, and its rbf takes means where sums belong, a nearly constant kernel; of imq it leaves pairs out that belong in",
    ],
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: ({ reg_weight }, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    mmd: { doc: "squared maximum mean discrepancy of z and draws of N(0, I)", weight: reg_weight },
  }),
  build(args) {
    const kernel = kernelOf(args.params);
    return pointAutoencoder(args, (pass, { images }, ctx) => {
      const z = wholeBatch(pass.z);
      return {
        terms: {
          reconstruction: reconstructionTerm(images, pass, args.convention, args.params),
          mmd: maximumMeanDiscrepancy(z, drawPrior(z, ctx), kernel),
        },
      };
    });
  },
});
