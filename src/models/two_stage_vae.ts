import { Type } from "typebox";
import { Scope } from "../nn/params.ts";
import { type Scalar, type Tensor2D, tf } from "../tf.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { secondStage } from "./blocks/second_stage.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { buildGaussianVAE, checkGaussianVAE, gaussianPhase } from "./gaussian.ts";
import { klToUnitGaussian } from "./losses/kl.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  hidden_dims2: Type.Array(Type.Integer({ minimum: 1 }), {
    minItems: 1,
    maxItems: 8,
    default: [1024, 1024],
    description: "Units of each hidden layer of the second VAE's encoder; its decoder mirrors them.",
  }),
});

/** Where the second VAE's parameters are, and its phase. */
const SECOND = "second_stage";

/**
 * The two-stage VAE (Dai and Wipf, arXiv 1903.05789, section 4): a VAE of images, and a second one of its z, with as many
 * latent dimensions u, which learns what the z of images look like. Each is trained by its own ELBO and optimizer, the
 * second on the first one's draws of z as constants. Samples go through both: u ~ N(0, I), z ~ p(z | u), the image decoded
 * from z.
 */
export default defineModel({
  name: "TwoStageVAE",
  summary: "A VAE, and a second one of its z, from which samples are drawn.",
  paper: { title: "Diagnosing and Enhancing VAE Models", url: "https://arxiv.org/abs/1903.05789" },
  params: Params,
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: ["its second VAE is in no loss and no sample, and lacks its decoder's last layer"],
    stored: {
      prefix: ["encoder2.", "fc_mu2.", "fc_var2.", "decoder2."],
      what: "a second VAE that was never trained",
    },
    lacking: { prefix: `${SECOND}.`, what: "the second VAE" },
  },
  phases: ["vae", SECOND],
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: (_, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: 1 },
    z_reconstruction: { doc: "-log p(z | u), nats per image", weight: 1, adversarial: true },
    z_kl: { doc: "KL(q(u | z) || N(0, I)), nats per image", weight: 1, adversarial: true },
  }),
  build(args) {
    const { params: o, convention } = args;
    const { forward, ...vae } = buildGaussianVAE(o, args);
    const second = secondStage(
      new Scope(vae.params, args.rng, o.init).at(SECOND),
      o.latent_dim,
      o.hidden_dims2,
    );
    const isSecond = (param: string) => param.startsWith(`${SECOND}.`);
    return {
      ...vae,
      sample: (count, ctx) => vae.decode({ z: second.sample(count, ctx.rng.fold("prior")) }, ctx),
      phases: [
        gaussianPhase(
          forward,
          (pass, { images }) => ({
            terms: {
              reconstruction: reconstructionTerm(images, pass, convention, o),
              kl: klToUnitGaussian(pass.mean, pass.logVar),
            },
            carry: { z: pass.z },
          }),
          { owns: (param) => !isSecond(param) },
        ),
        {
          name: SECOND,
          owns: isSecond,
          loss(_, ctx, { z }) {
            const { mean, logVar, logDensity } = second.forward(z as Tensor2D, ctx.rng);
            return {
              terms: {
                z_reconstruction: tf.neg(tf.mean<Scalar>(logDensity)),
                z_kl: klToUnitGaussian(mean, logVar),
              },
            };
          },
        },
      ],
    };
  },
});
