import { Type } from "typebox";
import { ConfigError } from "../errors.ts";
import { type Scalar, type Tensor2D, type Tensor4D, tf } from "../tf.ts";
import { checkOwnSigma, LikelihoodOptions, logLikelihoods } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { defineModel, type Given } from "./define.ts";
import { checkGaussianVAE, completeGaussianVAE, onePhaseGaussianVAE } from "./gaussian.ts";
import { importanceWeightedBound, logPriorRatio } from "./losses/importance.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import { meanSquaredError } from "./losses/reconstruction.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  sigma: Type.Union(LikelihoodOptions.sigma.anyOf, {
    default: 0.1,
    description:
      "Standard deviation of the Gaussian likelihood of the convention elbo, in the images' range: a number there.",
  }),
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
  name: "IWAE",
  summary: "The importance-weighted autoencoder: a tighter bound on log p(x) of several draws of z.",
  paper: { title: "Importance Weighted Autoencoders", url: "https://arxiv.org/abs/1509.00519" },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: [
      "its loss is no bound: it weighs the K losses of an image by a softmax of themselves, which favours the worst draws, and takes the KL in closed form",
    ],
  },
  complete: completeGaussianVAE,
  check(o, given) {
    checkGaussianVAE(o, given);
    if (given) checkOwnLikelihood(o, given);
  },
  terms: () => ({
    bound: {
      doc: "-log 1/K sum_k p(x | z_k) p(z_k) / q(z_k | x), nats per image",
      weight: 1,
      timesKldWeight: true,
      bound: true,
    },
  }),
  build(args) {
    const { params: o, convention } = args;
    const draws = o.num_samples;
    checkOwnLikelihood(o, args);
    return onePhaseGaussianVAE(
      args,
      (pass, batch) => {
        const images = draws === 1 ? batch.images : tf.concat(Array<Tensor4D>(draws).fill(batch.images), 0);
        const logP = logLikelihoods(images, pass, args, o);
        const { mean, logVar, noise } = pass;
        const ratio = logPriorRatio<Tensor2D>(tf.reshape(pass.z, noise.shape), noise, logVar);
        const logWeights = tf.add<Tensor2D>(tf.reshape(logP, ratio.shape), ratio);
        const mse = meanSquaredError(images, pass.recons);
        return {
          terms: { bound: importanceWeightedBound(logWeights) },
          scalars: {
            reconstruction: convention === "elbo" ? tf.neg(tf.mean<Scalar>(logP)) : mse,
            kl: klToUnitGaussian(mean, logVar),
            mse: tf.clone(mse),
          },
        };
      },
      { draws },
    );
  },
});

function checkOwnLikelihood(
  o: LikelihoodOptions,
  { convention, natWeight }: Pick<Given, "convention" | "natWeight">,
): void {
  checkOwnSigma(o, convention, "IWAE");
  if (natWeight > 0) return;
  throw new ConfigError(
    "exp_params.kld_weight: expected a number > 0 for IWAE, whose likelihood it implies, got 0. Raise it, or set " +
      "reconstruction: elbo.",
  );
}
