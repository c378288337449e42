import { Type } from "typebox";
import { GumbelOptions, temperatureAt } from "./blocks/gumbel.ts";
import { type Categorical, categoricalLatent } from "./blocks/latents.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE } from "./gaussian.ts";
import { latentsVAE } from "./latents_vae.ts";
import { klToUniform } from "./losses/categorical.ts";

const Params = Type.Object({
  ...ConvOptions,
  latent_dim: Type.Integer({ minimum: 1, default: 128, description: "Categorical variables of z, N." }),
  ...LikelihoodOptions,
  categorical_dim: Type.Integer({ minimum: 2, default: 40, description: "Values of each variable, K." }),
  ...GumbelOptions,
  alpha: Type.Number({ minimum: 0, default: 1, description: "Weight of the reconstruction (the paper: 1)." }),
});

/**
 * The VAE whose z are categorical variables (Jang et al., arXiv 1611.01144): p(z) uniform, q(z | x) trained through the
 * Gumbel-softmax, whose temperature falls with the optimizer's steps. The KL is that of the categorical variables. In
 * evaluation z is drawn one-hot from q(z | x) itself, so that the ELBO is that of the model with discrete latents.
 */
export default defineModel({
  name: "CategoricalVAE",
  summary: "The VAE whose z are categorical variables, trained through the Gumbel-softmax.",
  paper: {
    title: "Categorical Reparameterization with Gumbel-Softmax",
    url: "https://arxiv.org/abs/1611.01144",
  },
  params: Params,
  knownAs: ["GumbelVAE", "GumbelSoftmaxVAE", "DiscreteVAE"],
  pytorchVae: {
    values: { output: "pytorch_vae", alpha: 30, initial_temperature: 0 },
    otherwise: ["its validation decodes relaxed draws, which belong to no categorical z"],
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: ({ alpha }, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: alpha },
    kl: { doc: "KL(q(z | x) || uniform), nats per image", weight: 1 },
  }),
  build(args) {
    const o = args.params;
    const temperature = (step: number) => temperatureAt(step, o);
    return latentsVAE<{ z: Categorical }, "reconstruction" | "kl">(
      args,
      (scope, features) => ({
        z: categoricalLatent(scope, features, [o.latent_dim, o.categorical_dim], temperature),
      }),
      ({ posterior, ...decoded }, { images }, ctx) => ({
        terms: {
          reconstruction: reconstructionTerm(images, decoded, args.convention, o),
          kl: klToUniform(posterior.z.logits),
        },
        ...(ctx.training && { scalars: { temperature: ctx.schedule(temperature) } }),
      }),
    );
  },
});
