import { ConfigError } from "../errors.ts";
import { newPass, type Param, type Pass, Scope } from "../nn/params.ts";
import { type Tensor2D, type Tensor4D, tf } from "../tf.ts";
import { convDecoder } from "./blocks/decoder.ts";
import { convEncoder } from "./blocks/encoder.ts";
import type { ConvOptions } from "./blocks/options.ts";
import { strideSizes } from "./blocks/sizes.ts";
import type { BuildArgs } from "./define.ts";
import type { Ctx, VAE } from "./vae.ts";

/** One training or evaluation pass of a Gaussian VAE over a batch. */
export interface GaussianPass {
  readonly mean: Tensor2D; //      [B, D]
  readonly logVar: Tensor2D; //    [B, D]
  readonly z: Tensor2D; //         [B, D], drawn by ctx.rng
  readonly logits: Tensor4D; //    [B, H, W, C], before the last activation
  readonly recons: Tensor4D; //    [B, H, W, C], after it
  readonly updates: Pass["updates"];
}

export interface GaussianVAE extends Omit<VAE, "phases"> {
  readonly params: Map<string, Param>; // for those that a variant adds
  forward(images: Tensor4D, ctx: Ctx): GaussianPass;
}

/**
 * The convolutional VAE that many variants share: q(z | x) a diagonal Gaussian, p(z) = N(0, I), and
 * everything of the interface but the losses.
 */
export function buildGaussianVAE(o: ConvOptions, args: BuildArgs<unknown>): GaussianVAE {
  const [height, width, channels] = args.imageShape;
  checkImages(o, args);
  const exact = o.decoder === "upsample" || o.encoder_kernel === 4;
  const sizes = strideSizes(height, width, o.hidden_dims.length, exact);
  const params = new Map<string, Param>();
  const scope = new Scope(params, args.rng, o.init);
  const encoder = convEncoder(scope, o, channels, sizes);
  const decoder = convDecoder(scope, o, channels, sizes);
  const activate = lastActivation(o);
  const decode = (z: Tensor2D, ctx: Ctx) => activate(decoder(z, newPass(ctx.training)));
  const forward = (images: Tensor4D, ctx: Ctx): GaussianPass => {
    const pass = newPass(ctx.training);
    const { mean, logVar } = encoder(images, pass);
    const z = reparameterize(mean, logVar, ctx);
    const logits = decoder(z, pass);
    return { mean, logVar, z, logits, recons: activate(logits), updates: pass.updates };
  };
  return {
    params,
    forward,
    encode(images, ctx) {
      const { mean, logVar } = encoder(images, newPass(ctx.training));
      const z = reparameterize(mean, logVar, ctx);
      return { posterior: { z: { kind: "gaussian", mean, logVar } }, z: { z } };
    },
    decode: (z, ctx) => decode(z.z as Tensor2D, ctx),
    reconstruct: (images, ctx) => decode(encoder(images, newPass(ctx.training)).mean, ctx),
    sample: (count, ctx) => decode(ctx.rng.fold("prior").normal<Tensor2D>([count, o.latent_dim]), ctx),
  };
}

/** z = mean + exp(logVar / 2) * noise, the noise from `ctx.rng` (arXiv 1312.6114, 2.4). */
export function reparameterize(mean: Tensor2D, logVar: Tensor2D, ctx: Ctx): Tensor2D {
  const noise = ctx.rng.fold("posterior").normal<Tensor2D>(mean.shape);
  return tf.add(mean, tf.mul(tf.exp(tf.mul(0.5, logVar)), noise));
}

/** The activation that `output` names. */
export function lastActivation({ output }: Pick<ConvOptions, "output">): (x: Tensor4D) => Tensor4D {
  return { sigmoid: tf.sigmoid, tanh: tf.tanh, linear: (x: Tensor4D) => x, pytorch_vae: tf.tanh }[output];
}

/** @throws ConfigError where the images have other channels, or a range that the last activation doesn't reach */
export function checkImages(
  o: Pick<ConvOptions, "in_channels" | "output">,
  { imageShape: [height, width, channels], imageRange }: BuildArgs<unknown>,
) {
  if (o.in_channels !== undefined && o.in_channels !== channels) {
    throw new ConfigError(
      `model_params.in_channels: expected ${channels}, the channels of the images (${height}x${width}x${channels}), ` +
        `got ${o.in_channels}. Leave it out, or choose data of ${o.in_channels} channels.`,
    );
  }
  if ((o.output === "sigmoid" || o.output === "pytorch_vae") && imageRange[0] < 0) {
    throw new ConfigError(
      `model_params.output: expected tanh or linear for images in [-1, 1], got "${o.output}", which is for images ` +
        "in [0, 1]. Change it, or set data_params.image_range: unit.",
    );
  }
  if (o.output === "tanh" && imageRange[0] >= 0) {
    throw new ConfigError(
      `model_params.output: expected sigmoid or linear for images in [0, 1], got "tanh", which reaches below 0. ` +
        "Change it, or set data_params.image_range: signed.",
    );
  }
}
