import { type Static, Type } from "typebox";
import { linear } from "../nn/linear.ts";
import { newPass, type Pass } from "../nn/params.ts";
import { oneOf } from "../one_of.ts";
import { type Scalar, type Tensor, type Tensor2D, type Tensor4D, tf } from "../tf.ts";
import { convDecoder } from "./blocks/decoder.ts";
import { convFeatures } from "./blocks/encoder.ts";
import { drawGamma, rejectionCorrection } from "./blocks/gamma_draw.ts";
import {
  LikelihoodOptions,
  reconstructionCosts,
  reconstructionDoc,
  reconstructionTerm,
} from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE, convFrame, passPhase } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE } from "./gaussian.ts";
import {
  type GammaDistribution,
  gammaQuantile,
  klOfGammas,
  logGammaDensityOf,
} from "./losses/gamma_density.ts";
import type { Ctx } from "./vae.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  gamma_shape: Type.Integer({
    minimum: 1,
    maximum: 64,
    default: 8,
    description: "B: by how much the shape is raised for the draw (shape augmentation).",
  }),
  prior_shape: Type.Number({ exclusiveMinimum: 0, default: 2, description: "Shape of the prior." }),
  prior_rate: Type.Number({ exclusiveMinimum: 0, default: 1, description: "Rate of the prior." }),
  parameters_by: oneOf(["softplus", "softmax"], {
    default: "softplus",
    description:
      "What makes shape and rate positive: softplus, or softmax over the dimensions as in PyTorch-VAE, which keeps each of them below 1.",
  }),
});

/** Shapes and rates below it are raised to it: softplus reaches 0. */
const LEAST = 1e-4;
/** A normal number is between -3 and 3 with 0.9973. */
const TAIL = 0.00135;

/**
 * The VAE whose prior and posteriors are gamma distributions, z > 0, trained by rejection sampling's gradients with shape
 * augmentation (Naesseth et al., arXiv 1610.05683): the KL in closed form, and of the reconstruction the
 * gradient through accepted noise and the correction for the noise's own dependence on the shape.
 */
export default defineModel({
  name: "GammaVAE",
  summary: "The VAE with gamma distributions for N(0, I): positive latents.",
  paper: {
    title: "Reparameterization Gradients through Acceptance-Rejection Sampling Algorithms",
    url: "https://arxiv.org/abs/1610.05683",
  },
  params: Params,
  pytorchVae: {
    values: { parameters_by: "softmax" },
    checkpoint: { output: "sigmoid", parameters_by: "softmax" },
    otherwise: [
      "its gradient lacks the correction, its z is drawn at the raised shape and never brought back, its KL takes shapes for rates, and kld_weight doesn't weigh it",
    ],
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: (_, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    kl: { doc: "KL(q(z | x) || Gamma(prior_shape, prior_rate)), nats per image", weight: 1 },
  }),
  build(args) {
    const { params: o, convention } = args;
    const prior = { shape: o.prior_shape, rate: o.prior_rate };
    const { params, activate, ...frame } = convFrame(o, args);
    const net = networks(frame, o);
    const decode = (z: Tensor2D, ctx: Ctx) => activate(net.decoder(z, newPass(ctx.training)));
    const draw = (q: GammaDistribution<Tensor2D>, ctx: Ctx) =>
      drawGamma(q, o.gamma_shape, ctx.rng.fold("posterior"));
    return {
      params,
      encode(images, ctx) {
        const q = net.encoder(images, newPass(ctx.training));
        return { posterior: { z: { kind: "gamma", ...q, prior } }, z: { z: draw(q, ctx).z } };
      },
      decode: ({ z }, ctx) => decode(z as Tensor2D, ctx),
      reconstruct(images, ctx) {
        const { shape, rate } = net.encoder(images, newPass(ctx.training));
        return decode(tf.div(shape, rate), ctx);
      },
      logPrior: ({ z }) => tf.sum(logGammaDensityOf(z!, prior), 1),
      sample(count, ctx) {
        const of = (value: number) => tf.fill([count, o.latent_dim], value) as Tensor2D;
        const p = { shape: of(prior.shape), rate: of(prior.rate) };
        return decode(drawGamma(p, prior.shape < 1 ? 1 : 0, ctx.rng.fold("prior")).z, ctx);
      },
      latentRange: [gammaQuantile(TAIL, prior), gammaQuantile(1 - TAIL, prior)],
      phases: [
        passPhase(
          (images, ctx) => {
            const pass = newPass(ctx.training);
            const q = net.encoder(images, pass);
            const { z, logWeight } = draw(q, ctx);
            const logits = net.decoder(z, pass);
            return { q, logWeight, logits, recons: activate(logits), updates: pass.updates };
          },
          ({ q, logWeight, ...decoded }, { images }) => {
            const costs = reconstructionCosts(images, decoded, convention, o);
            const term = reconstructionTerm(images, decoded, convention, o);
            return {
              terms: {
                reconstruction: tf.add<Scalar>(term, rejectionCorrection(costs, logWeight)),
                kl: tf.mean<Scalar>(tf.sum(klOfGammas(q, prior), 1)),
              },
            };
          },
        ),
      ],
    };
  },
});

/** Encoder and decoder of PyTorch-VAE's names. */
function networks(
  { scope, channels, sizes }: Pick<ReturnType<typeof convFrame>, "scope" | "channels" | "sizes">,
  o: Static<typeof Params>,
) {
  const features = convFeatures(scope, o, channels, sizes);
  const shape = linear(scope.at("fc_mu.0"), features.width, o.latent_dim);
  const rate = linear(scope.at("fc_var.0"), features.width, o.latent_dim);
  const decoder = convDecoder(scope, o, channels, sizes, "decoder_input.0");
  const positive = (x: Tensor) =>
    (o.parameters_by === "softmax" ? tf.softmax(x) : tf.add(tf.softplus(x), LEAST)) as Tensor2D;
  const encoder = (images: Tensor4D, pass: Pass) => {
    const h = features.layer(images, pass);
    return { shape: positive(shape(h, pass)), rate: positive(rate(h, pass)) };
  };
  return { encoder, decoder };
}
