import { Type } from "typebox";
import { conv2d } from "../nn/conv.ts";
import { linear } from "../nn/linear.ts";
import type { Pass } from "../nn/params.ts";
import { oneOf } from "../one_of.ts";
import { type Tensor, type Tensor2D, type Tensor4D, tf } from "../tf.ts";
import { convDecoderBody, decoderInputs } from "./blocks/decoder.ts";
import { convFeatures } from "./blocks/encoder.ts";
import { type Gaussian, gaussianHead, splitRows } from "./blocks/gaussian_head.ts";
import { LikelihoodOptions } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { besideAll, besideBatch, pseudoInputs, VAMP_LOG_VARS } from "./blocks/pseudo_inputs.ts";
import { relativeTo } from "./blocks/relative_gaussian.ts";
import { completeConvVAE, convFrame } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE } from "./gaussian.ts";
import { hierarchicalTerms, hierarchicalVAE } from "./hierarchical.ts";

const { latent_dim: _, encoder_dense: __, ...Shared } = ConvOptions;
const Params = Type.Object({
  ...Shared,
  latent1_dim: Type.Integer({ minimum: 1, default: 64, description: "Dimensions of z1, the lower latent." }),
  latent2_dim: Type.Integer({ minimum: 1, default: 64, description: "Dimensions of z2, the upper latent." }),
  prior: oneOf(["standard", "vamp"], {
    default: "standard",
    description: "p(z2): N(0, I), or the VampPrior, a mixture of q(z2 | u) of learned pseudo-inputs u.",
  }),
  num_components: Type.Integer({
    minimum: 1,
    default: 128,
    description: "Pseudo-inputs of prior: vamp (the paper: 500).",
  }),
  ...LikelihoodOptions,
});
/** Of p(z1 | z2), whose variance goes to 0 else within steps at a high learning rate, and the KL to infinity. */
const LEAST_LOG_VAR = -6;

/** What the levels see: the images, what they say of z2, and in training the components of its prior. */
interface Seen {
  readonly images: Tensor4D;
  readonly q2: Gaussian;
  readonly components?: Gaussian;
}

/**
 * The VAE with two levels of latents of Tomczak and Welling (arXiv 1705.07120, section 4): q(z2 | x) q(z1 | x, z2) and p(z2)
 * p(z1 | z2) p(x | z1, z2), on PyTorch-VAE's architecture. z1's encoder sees the image and a plane of z2. p(z2) is N(0, I)
 * or the VampPrior; the paper has both.
 */
export default defineModel({
  name: "HVAE",
  summary: "The VAE with two levels of latents: z2, and z1 whose prior depends on it.",
  paper: { title: "VAE with a VampPrior", url: "https://arxiv.org/abs/1705.07120" },
  params: Params,
  aliases: { pseudo_input_size: "num_components" },
  pytorchVae: {
    values: { output: "pytorch_vae" },
    otherwise: [
      "its loss has no lower bound: of z1 and p(z1 | z2) it subtracts a term that grows as they part",
    ],
  },
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: (_, convention) => hierarchicalTerms(convention),
  build(args) {
    const { params: o, imageShape } = args;
    const [height, width] = imageShape;
    const { params, scope, channels, sizes } = convFrame(o, args);
    const { latent1_dim: dims1, latent2_dim: dims2 } = o;
    const features2 = convFeatures(scope, o, channels, sizes, "encoder_z2_layers");
    const range2 = o.prior === "vamp" ? VAMP_LOG_VARS : undefined;
    const q2 = gaussianHead(scope, ["fc_z2_mu", "fc_z2_var"], features2.width, dims2, range2);
    const plane = linear(scope.at("embed_z2_code"), dims2, height * width);
    const data = conv2d(scope.at("embed_data"), channels, channels, { kernel: 1 });
    const features1 = convFeatures(scope, o, channels + 1, sizes, "encoder_z1_layers");
    const q1 = gaussianHead(scope, ["fc_z1_mu", "fc_z1_var"], features1.width, dims1);
    const p1 = gaussianHead(scope, ["recons_z1_mu", "recons_z1_log_var"], dims2, dims1, {
      least: LEAST_LOG_VAR,
    });
    const inputs = decoderInputs(o, sizes);
    const half = Math.ceil(inputs / 2);
    const from1 = linear(scope.at("debed_z1_code"), dims1, half);
    const from2 = linear(scope.at("debed_z2_code"), dims2, inputs - half);
    const body = convDecoderBody(scope, o, channels, sizes);
    const pseudo =
      o.prior === "vamp"
        ? pseudoInputs(scope.at("embed_pseudo.0"), o.num_components, imageShape, args.imageRange)
        : undefined;
    const evidence2 = (images: Tensor4D, pass: Pass) => q2(features2.layer(images, pass), pass);
    return hierarchicalVAE<Seen>(args, {
      params,
      features(images, pass) {
        if (pseudo === undefined || !pass.training) return { images, q2: evidence2(images, pass) };
        // In one pass, so that batch norm treats both alike.
        const all = evidence2(tf.concat([images, besideBatch(pseudo())], 0), pass);
        const [own, components] = splitRows(all, images.shape[0]);
        return { images, q2: own, components: besideAll(components) };
      },
      ...(pseudo && {
        mixture: (pass: Pass, seen?: Seen) => seen?.components ?? evidence2(pseudo(), pass),
      }),
      levels: [
        { name: "z2", dims: dims2, evidence: ({ q2 }) => q2 },
        {
          name: "z1",
          dims: dims1,
          prior: ([z2], pass) => p1(z2!, pass),
          evidence({ images }, [z2], pass) {
            const code = tf.reshape(plane(z2!, pass), [-1, height, width, 1]);
            return q1(features1.layer(tf.concat([data(images, pass), code as Tensor], 3), pass), pass);
          },
        },
      ],
      posterior: relativeTo,
      decoder: ([z2, z1], pass) =>
        body(tf.concat([from1(z1!, pass) as Tensor2D, from2(z2!, pass) as Tensor2D], 1), pass),
    });
  },
});
