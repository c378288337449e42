// A variant in TypeScript, outside the project: the VAE whose first nats of each dimension are free (arXiv 1606.04934).
//   plugins: [./free_bits_vae.ts]   in a config, and   model_params: { name: FreeBitsVAE, free_nats: 0.5 }
import type { PluginApi, Scalar, Tensor2D } from "tfjs-vae";

export default ({ tf, Type, defineModel, onePhaseGaussianVAE, blocks, losses }: PluginApi) =>
  defineModel({
    name: "FreeBitsVAE",
    summary: "The VAE with free bits: below a number of nats a dimension of z costs nothing.",
    paper: {
      title: "Improving Variational Inference with Inverse Autoregressive Flow",
      url: "https://arxiv.org/abs/1606.04934",
    },
    params: Type.Object({
      ...blocks.ConvOptions,
      ...blocks.LikelihoodOptions,
      free_nats: Type.Number({ minimum: 0, default: 0.5, description: "Free nats of each dimension of z." }),
    }),
    check: blocks.checkLikelihood,
    terms: (_, convention) => ({
      reconstruction: { doc: blocks.reconstructionDoc(convention), weight: 1 },
      free_bits: {
        doc: "sum over dimensions of max(free_nats, KL), nats per image",
        weight: 1,
        timesKldWeight: true,
      },
    }),
    build(args) {
      return onePhaseGaussianVAE(args, (pass, { images }) => ({
        terms: {
          reconstruction: blocks.reconstructionTerm(images, pass, args.convention, args.params),
          free_bits: freeBits(pass.mean, pass.logVar),
        },
        scalars: { kl: losses.klToUnitGaussian(pass.mean, pass.logVar) },
      }));

      /** Each dimension a group of its own; `mean` and `logVar` are [B, D]. */
      function freeBits(mean: Tensor2D, logVar: Tensor2D): Scalar {
        const perDimension = tf.mean(losses.klPerDimension(mean, logVar), 0); // [D], the batch's mean
        return tf.sum(tf.maximum(perDimension, args.params.free_nats));
      }
    },
  });
