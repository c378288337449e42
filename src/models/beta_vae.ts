import { type Static, Type } from "typebox";
import { oneOf } from "../one_of.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel, type TermDoc } from "./define.ts";
import { checkGaussianVAE, onePhaseGaussianVAE } from "./gaussian.ts";
import { capacityAt, capacityGap } from "./losses/capacity.ts";
import { klToUnitGaussian } from "./losses/kl.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  loss_type: oneOf(["H", "B"], {
    default: "H",
    description: "H: beta times the KL (Higgins et al.); B: gamma |KL - C| with a rising C (Burgess et al.).",
  }),
  beta: Type.Number({ minimum: 0, default: 4, description: "Weight of the KL (loss_type H)." }),
  gamma: Type.Number({ minimum: 0, default: 1000, description: "Weight of |KL - C| (loss_type B)." }),
  max_capacity: Type.Number({
    minimum: 0,
    default: 25,
    description: "C after its rise, in nats (loss_type B).",
  }),
  capacity_max_iter: Type.Integer({
    minimum: 1,
    default: 100_000,
    description: "Optimizer steps over which C rises from 0 (loss_type B).",
  }),
});

/**
 * The beta-VAE: `H`, reconstruction + beta KL (Higgins et al. 2017, eq. 4); `B`, reconstruction + gamma |KL - C| (Burgess
 * et al., arXiv 1804.03599, eq. 8), KL the batch's mean. C follows the optimizer's steps and nothing else. Under
 * `pixel_mean` beta and gamma are times kld_weight, as in PyTorch-VAE.
 */
export default defineModel({
  name: "BetaVAE",
  summary: "The beta-VAE: a weight on the KL, or a capacity that it is held to, for factors apart in z.",
  paper: {
    title: "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework",
    url: "https://openreview.net/forum?id=Sy2fzU9gl",
  },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae", loss_type: "B" },
    otherwise: ["its capacity rises with each batch of validation too"],
  },
  aliases: { Capacity_max_iter: "capacity_max_iter" },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: (o, convention): Record<string, TermDoc> => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    ...klTerm(o),
  }),
  build(args) {
    const o = args.params;
    return onePhaseGaussianVAE(args, (pass, { images }, ctx) => {
      const reconstruction = reconstructionTerm(images, pass, args.convention, o);
      const kl = klToUnitGaussian(pass.mean, pass.logVar);
      if (o.loss_type === "H") return { terms: { reconstruction, kl } };
      const target = ctx.schedule((step) => capacityAt(step, o.max_capacity, o.capacity_max_iter));
      return {
        terms: { reconstruction, capacity: capacityGap(kl, target) },
        scalars: { kl, capacity_target: target },
      };
    });
  },
});

function klTerm({ loss_type, beta, gamma }: Static<typeof Params>): Record<string, TermDoc> {
  return loss_type === "B"
    ? {
        capacity: {
          doc: "|KL(q(z | x) || N(0, I)) - C|, nats per image",
          weight: gamma,
          timesKldWeight: true,
        },
      }
    : { kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: beta, timesKldWeight: true } };
}
