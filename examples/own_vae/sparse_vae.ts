// A variant of one's own: the VAE with a penalty on the absolute values of the posterior's mean.
import type { ParamsOf, PluginApi, Scalar } from "tfjs-vae";

const sparseVae = ({ tf, Type, defineModel, onePhaseGaussianVAE, blocks, losses }: PluginApi) =>
  defineModel({
    name: "SparseVAE",
    summary: "The VAE whose posterior's means are drawn to 0 one by one.",
    paper: { title: "Auto-Encoding Variational Bayes", url: "https://arxiv.org/abs/1312.6114" },
    params: Type.Object({
      ...blocks.ConvOptions,
      sparsity: Type.Number({ minimum: 0, default: 0.1, description: "Weight of the penalty." }),
    }),
    terms: ({ sparsity }) => ({
      reconstruction: { doc: "mean squared error per element", weight: 1 },
      kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: 1 },
      sparsity: {
        doc: "sum of the means' absolute values, per image",
        weight: sparsity,
        timesKldWeight: true,
      },
    }),
    build: (args) =>
      onePhaseGaussianVAE(args, ({ recons, mean, logVar }, { images }) => ({
        terms: {
          reconstruction: losses.meanSquaredError(images, recons),
          kl: losses.klToUnitGaussian(mean, logVar),
          sparsity: tf.mean<Scalar>(tf.sum(tf.abs(mean), 1)),
        },
      })),
  });

export default sparseVae;

declare module "tfjs-vae" {
  interface ModelParamsByName {
    SparseVAE: ParamsOf<ReturnType<typeof sparseVae>>;
  }
}
