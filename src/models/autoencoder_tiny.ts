import { type Static, Type } from "typebox";
import { ConfigError } from "../errors.ts";
import { newPass, type Param, type Pass, Scope } from "../nn/params.ts";
import { type Tensor, type Tensor4D, tf } from "../tf.ts";
import { halvedSides } from "./blocks/halved_sides.ts";
import {
  checkLikelihood,
  LikelihoodOptions,
  reconstructionDoc,
  reconstructionTerm,
} from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { checkImages, lastActivation } from "./blocks/output.ts";
import { tinyDecoder, tinyEncoder } from "./blocks/tiny_autoencoder.ts";
import { passPhase } from "./conv_vae.ts";
import { defineModel, type Given } from "./define.ts";
import type { Ctx } from "./vae.ts";

const { in_channels, init, output } = ConvOptions;
const blocks = (value: number[], description: string) =>
  Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1, maxItems: 8, default: value, description });
const Params = Type.Object({
  in_channels,
  latent_channels: Type.Integer({ minimum: 1, default: 4, description: "Channels of the grid z." }),
  block_out_channels: Type.Integer({
    minimum: 4,
    default: 64,
    description: "Channels of all layers between.",
  }),
  num_encoder_blocks: blocks(
    [1, 3, 3, 3],
    "Blocks at each side of the encoder; the side is halved between any two.",
  ),
  num_decoder_blocks: blocks([3, 3, 3, 1], "Blocks at each side of the decoder, the smallest first."),
  latent_magnitude: Type.Number({
    exclusiveMinimum: 0,
    default: 3,
    description: "m of m tanh(z / m), which the decoder begins with.",
  }),
  mid_pool: Type.Boolean({
    default: false,
    description: "Blocks at the smallest side have a branch of 1x1 convolutions with a group norm (TAEF2).",
  }),
  init,
  output: { ...output, default: "linear" } as typeof output,
  ...LikelihoodOptions,
});

/**
 * The tiny autoencoder of the TAESD family (O. Boer Bohan, github.com/madebyollin/taesd) on its architecture, by diffusers'
 * names: q(z | x) is a point, a grid. Its networks see images in [0, 1] whatever the range of the data is. TAESD was trained to give
 * the latents of Stable Diffusion's autoencoder, with an adversarial term; here the reconstruction alone is.
 */
export default defineModel({
  name: "AutoencoderTiny",
  summary: "The tiny autoencoder of TAESD: plain residual blocks, a grid of z without a distribution.",
  paper: {
    title: "TAESD: Tiny AutoEncoder for Stable Diffusion",
    url: "https://github.com/madebyollin/taesd",
  },
  params: Params,
  knownAs: ["TAESD", "TAEF1", "TAEF2", "TAESDXL"],
  diffusers: {
    className: "AutoencoderTiny",
    params(config) {
      const [width] = [config.encoder_block_out_channels ?? 64].flat(); // as it may be, which the schema then judges
      const known = Object.entries(config).filter(([key]) => key in Params.properties);
      return { output: "linear", ...Object.fromEntries(known), block_out_channels: width };
    },
    expects: { act_fn: ["relu"], upsample_fn: ["nearest"], upsampling_scaling_factor: [2] },
    ofPair: pairOf,
  },
  check(o, given) {
    checkLikelihood(o);
    checkBlocks(o);
    if (given) checkShape(o, given);
  },
  terms: (_, convention) => ({ reconstruction: { doc: reconstructionDoc(convention), weight: 1 } }),
  build(args) {
    const o = args.params;
    checkLikelihood(o);
    checkBlocks(o);
    const [height, width] = checkShape(o, args);
    const channels = args.imageShape[2];
    const params = new Map<string, Param>();
    const scope = new Scope(params, args.rng, o.init);
    const encoder = tinyEncoder(scope.at("encoder"), o, channels, o.latent_channels);
    const decoder = tinyDecoder(scope.at("decoder"), o, o.latent_channels, channels);
    const activate = lastActivation(o);
    const [low, high] = args.imageRange;
    const isUnit = low === 0 && high === 1;
    const encode = (images: Tensor4D, pass: Pass) =>
      encoder(isUnit ? images : tf.div(tf.sub(images, low), high - low), pass) as Tensor4D;
    const logits = (z: Tensor, pass: Pass) => {
      const inside = tf.mul(tf.tanh(tf.div(z, o.latent_magnitude)), o.latent_magnitude);
      const made = decoder(inside, pass) as Tensor4D;
      return isUnit ? made : (tf.add(tf.mul(made, high - low), low) as Tensor4D);
    };
    const decode = (z: Tensor, ctx: Ctx) => activate(logits(z, newPass(ctx.training)));
    return {
      params,
      encode(images, ctx) {
        const z = encode(images, newPass(ctx.training));
        return { posterior: { z: { kind: "point", value: z } }, z: { z } };
      },
      decode: ({ z }, ctx) => decode(z!, ctx),
      reconstruct: (images, ctx) => decode(encode(images, newPass(ctx.training)), ctx),
      sample: (count, ctx) =>
        decode(ctx.rng.fold("prior").normal([count, height, width, o.latent_channels]), ctx),
      phases: [
        passPhase(
          (images, ctx) => {
            const pass = newPass(ctx.training);
            const made = logits(encode(images, pass), pass);
            return { logits: made, recons: activate(made), updates: pass.updates };
          },
          (pass, { images }) => ({
            terms: { reconstruction: reconstructionTerm(images, pass, args.convention, o) },
          }),
        ),
      ],
    };
  },
});

type Options = Static<typeof Params>;

/** @throws ConfigError where encoder and decoder have other sides */
function checkBlocks({ num_encoder_blocks: down, num_decoder_blocks: up }: Options): void {
  if (down.length === up.length) return;
  throw new ConfigError(
    `model_params.num_decoder_blocks: expected ${down.length} numbers, as num_encoder_blocks has, got ${up.length}.`,
  );
}

/** Height and width of z. @throws ConfigError, ShapeError where the images don't fit */
function checkShape(o: Options, given: Pick<Given, "imageShape" | "imageRange">): [number, number] {
  checkImages(o, given);
  return given.imageShape === undefined
    ? [0, 0]
    : halvedSides(given.imageShape, o.num_encoder_blocks.length - 1);
}

/**
 * The config of TAESD's own two files, whose tensors have the places in its lists of layers for names; its decoder has one
 * layer more than diffusers', which bounds z.
 */
function pairOf(shapes: ReadonlyMap<string, readonly number[]>) {
  const encoder = layersOf(shapes, "encoder");
  const decoder = layersOf(shapes, "decoder");
  const first = shapes.get("encoder.0.weight");
  const last = shapes.get(`encoder.${encoder.at(-1)?.place}.weight`);
  if (first === undefined || last === undefined || decoder[0]?.place !== 1) return undefined;
  const config = {
    in_channels: first[1]!,
    encoder_block_out_channels: [first[0]!],
    latent_channels: last[0]!,
    num_encoder_blocks: blocksOf(encoder),
    num_decoder_blocks: blocksOf(decoder),
    mid_pool: [...shapes.keys()].some((name) => /\.pool\.0\./.test(name)),
  };
  const rename = (name: string) =>
    name.replace(/^(encoder|decoder)\.(\d+)/, (_, part: string, place: string) =>
      part === "encoder" ? `encoder.layers.${place}` : `decoder.layers.${Number(place) - 1}`,
    );
  return { config, rename };
}

/** The layers with weights, in order: blocks and convolutions. */
function layersOf(shapes: ReadonlyMap<string, readonly number[]>, part: string) {
  const places = new Map<number, boolean>();
  for (const name of shapes.keys()) {
    const [, place, rest] = new RegExp(`^${part}\\.(\\d+)\\.(.*)$`).exec(name) ?? [];
    const isBlock = rest?.startsWith("conv.") || places.get(Number(place)) === true;
    if (place !== undefined) places.set(Number(place), isBlock);
  }
  return [...places].sort(([a], [b]) => a - b).map(([place, isBlock]) => ({ place, isBlock }));
}

/** How many blocks follow each convolution but the last. */
function blocksOf(layers: readonly { readonly isBlock: boolean }[]): number[] {
  const counts: number[] = [];
  for (const { isBlock } of layers) {
    if (isBlock) counts[counts.length - 1]!++;
    else counts.push(0);
  }
  return counts.slice(0, -1);
}
