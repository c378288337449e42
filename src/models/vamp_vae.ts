import { Type } from "typebox";
import { Scope } from "../nn/params.ts";
import type { Tensor2D } from "../tf.ts";
import { drawMixture } from "./blocks/gaussian_head.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { besideAll, besideBatch, pseudoInputs, VAMP_LOG_VARS } from "./blocks/pseudo_inputs.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { buildGaussianVAE, checkGaussianVAE, gaussianPhase } from "./gaussian.ts";
import { drawnKlToMixture, logGaussianMixture } from "./losses/gaussian_density.ts";
import type { Ctx } from "./vae.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  num_components: Type.Integer({
    minimum: 1,
    default: 50,
    description: "Pseudo-inputs, K, whose posteriors make the prior.",
  }),
});

/**
 * The VAE with the VampPrior (Tomczak and Welling, arXiv 1705.07120, eq. 9): p(z) is the mean of the posteriors q(z | u_k) of
 * K learned pseudo-inputs u_k, and samples are drawn from it. The KL is that of the draw, log q(z | x) - log p(z).
 * Pseudo-inputs are encoded in one pass with the batch, so that q(z | u) is the function that q(z | x) is, batch norm included.
 */
export default defineModel({
  name: "VampVAE",
  summary: "The VAE whose prior is a mixture of the posteriors of learned pseudo-inputs.",
  paper: { title: "VAE with a VampPrior", url: "https://arxiv.org/abs/1705.07120" },
  params: Params,
  knownAs: ["VampPrior"],
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: [
      "its densities divide the log-variance by the variance, its log-variances have no bounds, and its samples are drawn from N(0, I) and not from the mixture",
    ],
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: (_, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    kl: {
      doc: "log q(z | x) - log p(z) of the draw z, p(z) the mixture of pseudo-inputs' posteriors, nats per image",
      weight: 1,
    },
  }),
  build(args) {
    const { params: o, convention, imageShape, imageRange } = args;
    const { forward, ...vae } = buildGaussianVAE(o, args, { range: VAMP_LOG_VARS });
    const scope = new Scope(vae.params, args.rng, o.init).at("embed_pseudo.0");
    const inputs = pseudoInputs(scope, o.num_components, imageShape, imageRange);
    /** Mean and log-variance of the mixture's components, [K, D] each. */
    const components = (ctx: Ctx) => {
      const q = vae.encode(inputs(), ctx).posterior.z!;
      if (q.kind !== "gaussian") throw new Error("q(z | u) is Gaussian");
      return { mean: q.mean as Tensor2D, logVar: q.logVar as Tensor2D };
    };
    return {
      ...vae,
      logPrior({ z }, ctx) {
        const { mean, logVar } = components(ctx);
        return logGaussianMixture(z as Tensor2D, mean, logVar);
      },
      sample(count, ctx) {
        return vae.decode({ z: drawMixture(components(ctx), count, ctx.rng) }, ctx);
      },
      phases: [
        gaussianPhase(
          (images, ctx, draws) => forward(images, ctx, draws, besideBatch(inputs())),
          (pass, { images }) => {
            return {
              terms: {
                reconstruction: reconstructionTerm(images, pass, convention, o),
                kl: drawnKlToMixture(pass.z, pass, besideAll(pass.beside!)),
              },
            };
          },
        ),
      ],
    };
  },
});
