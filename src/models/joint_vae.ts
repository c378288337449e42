import { type Static, Type } from "typebox";
import { type Scalar, tf } from "../tf.ts";
import { GumbelOptions, temperatureAt } from "./blocks/gumbel.ts";
import { type Categorical, categoricalLatent, type Gaussian, gaussianLatent } from "./blocks/latents.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE } from "./gaussian.ts";
import { latentsVAE } from "./latents_vae.ts";
import { capacityAt, capacityGap } from "./losses/capacity.ts";
import { klToUniform } from "./losses/categorical.ts";
import { klToUnitGaussian } from "./losses/kl.ts";

const capacity = (initial: number, description: string) =>
  Type.Number({ minimum: 0, default: initial, description });
const gamma = (kl: string) =>
  Type.Number({ minimum: 0, default: 30, description: `Weight of |${kl} - C| (the paper: 30 for MNIST).` });
const steps = (name: string) =>
  Type.Integer({
    minimum: 1,
    default: 25_000,
    description: `Optimizer steps over which ${name} goes from its first to its last value.`,
  });

const Params = Type.Object({
  ...ConvOptions,
  latent_dim: Type.Integer({ minimum: 1, default: 128, description: "Dimensions of the Gaussian latent z." }),
  ...LikelihoodOptions,
  categorical_dim: Type.Integer({
    minimum: 2,
    default: 40,
    description: "Values of the categorical latent c, K.",
  }),
  latent_min_capacity: capacity(0, "C_z at the first step, in nats."),
  latent_max_capacity: capacity(25, "C_z after its rise, in nats."),
  latent_gamma: gamma("KL_z"),
  latent_num_iter: steps("C_z"),
  categorical_min_capacity: capacity(0, "C_c at the first step, in nats."),
  categorical_max_capacity: capacity(
    25,
    "C_c after its rise, in nats; at most log K, which no KL_c is above.",
  ),
  categorical_gamma: gamma("KL_c"),
  categorical_num_iter: steps("C_c"),
  ...GumbelOptions,
  alpha: Type.Number({ minimum: 0, default: 1, description: "Weight of the reconstruction (the paper: 1)." }),
});

/**
 * JointVAE (Dupont, arXiv 1804.00104, eq. 7): a Gaussian latent z and a categorical one c, reconstruction + gamma |KL_z -
 * C_z| + gamma |KL_c - C_c|, so that neither is left empty; both KLs are the batch's means and follow no step but the
 * optimizer's. c is relaxed in training and one-hot in evaluation. Under `pixel_mean` both gammas are times kld_weight, as
 * in PyTorch-VAE.
 */
export default defineModel({
  name: "JointVAE",
  summary: "A Gaussian and a categorical latent side by side, each held to a capacity of its own.",
  paper: {
    title: "Learning Disentangled Joint Continuous and Discrete Representations",
    url: "https://arxiv.org/abs/1804.00104",
  },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae", alpha: 30, initial_temperature: 0 },
    otherwise: [
      "its C_c rises past categorical_max_capacity to log K, and both capacities begin anew where a run is resumed",
      "its validation decodes relaxed draws, which belong to no categorical c",
    ],
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: ({ alpha, latent_gamma, categorical_gamma }, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: alpha },
    capacity_z: {
      doc: "|KL(q(z | x) || N(0, I)) - C_z|, nats per image",
      weight: latent_gamma,
      timesKldWeight: true,
    },
    capacity_c: {
      doc: "|KL(q(c | x) || uniform) - C_c|, nats per image",
      weight: categorical_gamma,
      timesKldWeight: true,
    },
  }),
  build(args) {
    const o = args.params;
    const temperature = (step: number) => temperatureAt(step, o);
    return latentsVAE<{ z: Gaussian; c: Categorical }, "reconstruction" | "capacity_z" | "capacity_c">(
      args,
      (scope, features) => ({
        z: gaussianLatent(scope, features, o.latent_dim),
        c: categoricalLatent(scope, features, [1, o.categorical_dim], temperature),
      }),
      ({ posterior: { z, c }, ...decoded }, { images }, ctx) => {
        const kl_z = klToUnitGaussian(z.mean, z.logVar);
        const kl_c = klToUniform(c.logits);
        const capacity_target_z = ctx.schedule((step) => capacities(step, o).z);
        const capacity_target_c = ctx.schedule((step) => capacities(step, o).c);
        return {
          terms: {
            reconstruction: reconstructionTerm(images, decoded, args.convention, o),
            capacity_z: capacityGap(kl_z, capacity_target_z),
            capacity_c: capacityGap(kl_c, capacity_target_c),
          },
          scalars: {
            kl: tf.add<Scalar>(kl_z, kl_c),
            kl_z,
            kl_c,
            capacity_target_z,
            capacity_target_c,
            ...(ctx.training && { temperature: ctx.schedule(temperature) }),
          },
        };
      },
    );
  },
});

/** C_z and C_c in nats after `step` steps. */
export function capacities(step: number, o: Static<typeof Params>): { z: number; c: number } {
  const at = (from: number, to: number, steps: number) => from + capacityAt(step, to - from, steps);
  const c = at(o.categorical_min_capacity, o.categorical_max_capacity, o.categorical_num_iter);
  return {
    z: at(o.latent_min_capacity, o.latent_max_capacity, o.latent_num_iter),
    c: Math.min(c, Math.log(o.categorical_dim)),
  };
}
