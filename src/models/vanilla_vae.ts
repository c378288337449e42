import { Type } from "typebox";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE, onePhaseGaussianVAE } from "./gaussian.ts";
import { klToUnitGaussian } from "./losses/kl.ts";

const Params = Type.Object({ ...ConvOptions, ...LikelihoodOptions });

/** The VAE of Kingma and Welling on PyTorch-VAE's convolutional architecture. */
export default defineModel({
  name: "VanillaVAE",
  summary: "The variational autoencoder: pixel reconstruction and KL to a standard normal prior.",
  paper: { title: "Auto-Encoding Variational Bayes", url: "https://arxiv.org/abs/1312.6114" },
  params: Params,
  knownAs: ["VAE", "GaussianVAE"],
  pytorchVae: {
    values: { output: "pytorch_vae" },
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: (_, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: 1 },
  }),
  build: (args) =>
    onePhaseGaussianVAE(args, (pass, { images }) => ({
      terms: {
        reconstruction: reconstructionTerm(images, pass, args.convention, args.params),
        kl: klToUnitGaussian(pass.mean, pass.logVar),
      },
    })),
});
