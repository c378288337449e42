import { type Static, Type } from "typebox";
import { within } from "../nn/at_least.ts";
import { conv2d } from "../nn/conv.ts";
import { newPass, type Param, type Pass, Scope } from "../nn/params.ts";
import { type Tensor, type Tensor4D, tf } from "../tf.ts";
import { checkGroups, halvedSides } from "./blocks/halved_sides.ts";
import {
  checkLikelihood,
  LikelihoodOptions,
  reconstructionDoc,
  reconstructionTerm,
} from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { checkImages, lastActivation } from "./blocks/output.ts";
import { resnetDecoder, resnetEncoder } from "./blocks/resnet.ts";
import { passPhase } from "./conv_vae.ts";
import { defineModel, type Given } from "./define.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import type { Ctx } from "./vae.ts";

const { in_channels, init, output } = ConvOptions;
const Params = Type.Object({
  in_channels,
  latent_channels: Type.Integer({ minimum: 1, default: 4, description: "Channels of the grid z." }),
  block_out_channels: Type.Array(Type.Integer({ minimum: 1 }), {
    minItems: 1,
    maxItems: 8,
    default: [32, 64, 128],
    description:
      "Channels at each side; the side is halved between any two (Stable Diffusion: 128, 256, 512, 512).",
  }),
  layers_per_block: Type.Integer({
    minimum: 1,
    maximum: 8,
    default: 1,
    description:
      "Residual blocks at each side of the encoder; the decoder has one more (Stable Diffusion: 2).",
  }),
  norm_num_groups: Type.Integer({
    minimum: 1,
    default: 8,
    description: "Groups of each group norm, which divide the channels (Stable Diffusion: 32).",
  }),
  mid_block_add_attention: Type.Boolean({
    default: true,
    description: "Attention at the smallest side.",
  }),
  use_quant_conv: Type.Boolean({ default: true, description: "A 1x1 convolution behind the encoder." }),
  use_post_quant_conv: Type.Boolean({ default: true, description: "A 1x1 convolution before the decoder." }),
  init,
  output: { ...output, default: "linear" } as typeof output,
  ...LikelihoodOptions,
});

/** Least and largest log-variance: diffusers' bounds. */
const LOG_VARS = { least: -30, most: 20 };

/**
 * Latent diffusion's autoencoder with a KL (Rombach et al., arXiv 2112.10752, 3.1 and appendix G) on diffusers' architecture,
 * by its names: q(z | x) is a Gaussian of each number of a grid, p(z) = N(0, I). Its loss is that of a VAE; the paper's also
 * has a perceptual and an adversarial term and weighs the KL by about 1e-6.
 */
export default defineModel({
  name: "AutoencoderKL",
  summary: "Latent diffusion's autoencoder: residual blocks, attention, and a Gaussian over a grid.",
  paper: {
    title: "High-Resolution Image Synthesis with Latent Diffusion Models",
    url: "https://arxiv.org/abs/2112.10752",
  },
  params: Params,
  knownAs: ["KLVAE", "LDM_VAE", "StableDiffusionVAE"],
  diffusers: {
    className: "AutoencoderKL",
    /** diffusers' images are in [-1, 1]. */
    data: { image_range: "signed" },
    params(config) {
      const defaults = {
        block_out_channels: [64],
        layers_per_block: 1,
        latent_channels: 4,
        norm_num_groups: 32,
      };
      const known = Object.entries(config).filter(([key]) => key in Params.properties);
      return { output: "linear", ...defaults, ...Object.fromEntries(known) };
    },
    expects: {
      act_fn: ["silu"],
      down_block_types: ["DownEncoderBlock2D"],
      up_block_types: ["UpDecoderBlock2D"],
    },
    /** What older files call the attention's layers. */
    rename: (name) => {
      const newer = { query: "to_q", key: "to_k", value: "to_v", proj_attn: "to_out.0" };
      return name.replace(
        /(\.attentions\.0\.)(query|key|value|proj_attn)\./,
        (_, before: string, layer: keyof typeof newer) => `${before}${newer[layer]}.`,
      );
    },
  },
  check(o, given) {
    checkLikelihood(o);
    checkGroups(o.norm_num_groups, o.block_out_channels, "norm_num_groups");
    if (given) checkShape(o, given);
  },
  terms: (_, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
    kl: { doc: "KL(q(z | x) || N(0, I)), nats per image", weight: 1 },
  }),
  build(args) {
    const o = args.params;
    checkLikelihood(o);
    checkGroups(o.norm_num_groups, o.block_out_channels, "norm_num_groups");
    const [height, width] = checkShape(o, args);
    const channels = args.imageShape[2];
    const params = new Map<string, Param>();
    const scope = new Scope(params, args.rng, o.init);
    const encoder = resnetEncoder(scope.at("encoder"), o, channels, 2 * o.latent_channels);
    const decoder = resnetDecoder(scope.at("decoder"), o, o.latent_channels, channels);
    const onGrid = (name: string, count: number) => conv2d(scope.at(name), count, count, { kernel: 1 });
    const behind = o.use_quant_conv ? onGrid("quant_conv", 2 * o.latent_channels) : undefined;
    const before = o.use_post_quant_conv ? onGrid("post_quant_conv", o.latent_channels) : undefined;
    const activate = lastActivation(o);
    const encode = (images: Tensor4D, pass: Pass) => {
      const made = encoder(images, pass);
      const [mean, logVar] = tf.split(behind ? behind(made, pass) : made, 2, 3) as [Tensor4D, Tensor4D];
      return { mean, logVar: within(logVar, LOG_VARS) };
    };
    const logits = (z: Tensor, pass: Pass) => decoder(before ? before(z, pass) : z, pass) as Tensor4D;
    const decode = (z: Tensor, ctx: Ctx) => activate(logits(z, newPass(ctx.training)));
    const draw = ({ mean, logVar }: ReturnType<typeof encode>, ctx: Ctx) =>
      tf.add(
        mean,
        tf.mul(tf.exp(tf.mul(0.5, logVar)), ctx.rng.fold("posterior").perImage().normal(mean.shape)),
      ) as Tensor4D;
    return {
      params,
      encode(images, ctx) {
        const q = encode(images, newPass(ctx.training));
        return { posterior: { z: { kind: "gaussian", ...q } }, z: { z: draw(q, ctx) } };
      },
      decode: ({ z }, ctx) => decode(z!, ctx),
      reconstruct: (images, ctx) => decode(encode(images, newPass(ctx.training)).mean, ctx),
      sample: (count, ctx) =>
        decode(ctx.rng.fold("prior").normal([count, height, width, o.latent_channels]), ctx),
      phases: [
        passPhase(
          (images, ctx) => {
            const pass = newPass(ctx.training);
            const q = encode(images, pass);
            const made = logits(draw(q, ctx), pass);
            return { ...q, logits: made, recons: activate(made), updates: pass.updates };
          },
          (pass, { images }) => ({
            terms: {
              reconstruction: reconstructionTerm(images, pass, args.convention, o),
              kl: klToUnitGaussian(pass.mean, pass.logVar),
            },
          }),
        ),
      ],
    };
  },
});

/** Height and width of z. @throws ConfigError, ShapeError where the images don't fit */
function checkShape(
  o: Static<typeof Params>,
  given: Pick<Given, "imageShape" | "imageRange">,
): [height: number, width: number] {
  checkImages(o, given);
  if (given.imageShape === undefined) return [0, 0];
  return halvedSides(given.imageShape, o.block_out_channels.length - 1);
}
