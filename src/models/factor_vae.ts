import { Type } from "typebox";
import { ownRows, wholeBatch } from "../backends/ranks.ts";
import { newPass, Scope } from "../nn/params.ts";
import { type Tensor2D, tf } from "../tf.ts";
import { discriminator } from "./blocks/discriminator.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { buildGaussianVAE, checkGaussianVAE, gaussianPhase } from "./gaussian.ts";
import { discriminatorAccuracy, discriminatorLoss, totalCorrelation } from "./losses/density_ratio.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import type { Ctx } from "./vae.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  gamma: Type.Number({ minimum: 0, default: 40, description: "Weight of the total correlation." }),
  discriminator_layers: Type.Integer({
    minimum: 1,
    maximum: 16,
    default: 6,
    description: "Hidden layers of the discriminator (the paper: 6).",
  }),
  discriminator_width: Type.Integer({
    minimum: 1,
    default: 1000,
    description: "Units of each of them (the paper: 1000).",
  }),
});

/**
 * FactorVAE (Kim and Mnih, arXiv 1802.05983, algorithm 2): the VAE with a penalty on the total correlation of z, by a
 * discriminator between z and z with every dimension permuted over the batch. The halves of a batch are the algorithm's
 * two independent batches: the discriminator sees z of the first and permuted z of the second. Both train the VAE.
 */
export default defineModel({
  name: "FactorVAE",
  summary:
    "The VAE with a penalty on the total correlation of z, by a discriminator: independent dimensions.",
  paper: { title: "Disentangling by Factorising", url: "https://arxiv.org/abs/1802.05983" },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae", discriminator_layers: 3 },
    otherwise: [
      "its discriminator has batch norm, sees the dimensions permuted within each image, and is trained by the first optimizer too, to tell a lower total correlation",
    ],
  },
  phases: ["vae", "discriminator"],
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: ({ gamma }, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: 1 },
    tc: { doc: "total correlation of z by the discriminator, nats", weight: gamma, adversarial: true },
    discriminator: { doc: "cross-entropy of the discriminator, nats", weight: 1, adversarial: true },
  }),
  build(args) {
    const o = args.params;
    const { forward, ...vae } = buildGaussianVAE(o, args);
    const scope = new Scope(vae.params, args.rng, o.init).at("discriminator");
    const layers = discriminator(scope, o.latent_dim, {
      layers: o.discriminator_layers,
      width: o.discriminator_width,
    });
    const discriminate = (z: Tensor2D, ctx: Ctx) => layers(z, newPass(ctx.training)) as Tensor2D;
    const isDiscriminators = (param: string) => param.startsWith("discriminator.");
    return {
      ...vae,
      phases: [
        gaussianPhase(
          forward,
          (pass, { images }, ctx) => ({
            terms: {
              reconstruction: reconstructionTerm(images, pass, args.convention, o),
              kl: klToUnitGaussian(pass.mean, pass.logVar),
              tc: totalCorrelation(discriminate(pass.z, ctx)),
            },
            carry: { z: wholeBatch(pass.z) },
          }),
          { owns: (param) => !isDiscriminators(param) },
        ),
        {
          name: "discriminator",
          owns: isDiscriminators,
          loss(_, ctx, carry) {
            const [z, other] = halves(carry.z as Tensor2D);
            const joint = discriminate(ownRows(z), ctx);
            const permuted = discriminate(ownRows(permuteDimensions(other, ctx)), ctx);
            return {
              terms: { discriminator: discriminatorLoss(joint, permuted) },
              scalars: { discriminator_accuracy: discriminatorAccuracy(joint, permuted) },
            };
          },
        },
      ],
    };
  },
});

/** The first and the last half of the rows of z, [B, D]; of an odd number the middle one is left out, of one it is both. */
function halves(z: Tensor2D): [Tensor2D, Tensor2D] {
  const [rows, dims] = z.shape;
  const half = Math.max(1, Math.floor(rows / 2));
  return [tf.slice(z, [0, 0], [half, dims]), tf.slice(z, [rows - half, 0], [half, dims])];
}

/** z, [B, D], with each dimension permuted over the batch by itself (arXiv 1802.05983, algorithm 1). */
export function permuteDimensions(z: Tensor2D, ctx: Pick<Ctx, "rng">): Tensor2D {
  const places = ctx.rng.fold("permutation").shuffleColumns(...z.shape);
  return tf.reshape(tf.gather(tf.reshape(z, [z.size]), places), z.shape);
}
