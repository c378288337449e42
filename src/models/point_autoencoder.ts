import { linear } from "../nn/linear.ts";
import { newPass, type Pass } from "../nn/params.ts";
import type { Tensor2D, Tensor4D } from "../tf.ts";
import { convDecoder } from "./blocks/decoder.ts";
import { convFeatures } from "./blocks/encoder.ts";
import type { LikelihoodOptions } from "./blocks/likelihood.ts";
import type { ConvOptions } from "./blocks/options.ts";
import { convFrame, type DecodedPass, type PassLoss, passPhase } from "./conv_vae.ts";
import type { BuildArgs } from "./define.ts";
import type { Ctx, VAE } from "./vae.ts";

/** One pass of a deterministic autoencoder over a batch. */
export interface PointPass extends DecodedPass {
  readonly z: Tensor2D; //      [B, D]
  readonly logits: Tensor4D; // [B, H, W, C], before the last activation
}

/**
 * The convolutional autoencoder whose q(z | x) is a point, trained whole by a loss: for variants that compare all of q(z)
 * with p(z) = N(0, I) and not each q(z | x). On the encoder and decoder of the Gaussian VAE, with PyTorch-VAE's names.
 */
export function pointAutoencoder<Term extends string>(
  args: BuildArgs<ConvOptions & LikelihoodOptions>,
  lossOf: PassLoss<PointPass, Term>,
): VAE<Term> {
  const { params: o } = args;
  const { params, scope, channels, sizes, activate } = convFrame(o, args);
  const features = convFeatures(scope, o, channels, sizes);
  const point = linear(scope.at("fc_z"), features.width, o.latent_dim);
  const decoder = convDecoder(scope, o, channels, sizes);
  const encode = (images: Tensor4D, pass: Pass) => point(features.layer(images, pass), pass) as Tensor2D;
  const decode = (z: Tensor2D, ctx: Ctx) => activate(decoder(z, newPass(ctx.training)));
  return {
    params,
    encode(images, ctx) {
      const z = encode(images, newPass(ctx.training));
      return { posterior: { z: { kind: "point", value: z } }, z: { z } };
    },
    decode: ({ z }, ctx) => decode(z as Tensor2D, ctx),
    reconstruct: (images, ctx) => decode(encode(images, newPass(ctx.training)), ctx),
    sample: (count, ctx) => decode(ctx.rng.fold("prior").normal<Tensor2D>([count, o.latent_dim]), ctx),
    phases: [
      passPhase((images, ctx) => {
        const pass = newPass(ctx.training);
        const z = encode(images, pass);
        const logits = decoder(z, pass);
        return { z, logits, recons: activate(logits), updates: pass.updates };
      }, lossOf),
    ],
  };
}

/** As many draws of p(z) as there are rows of `z`, [B, D]. */
export const drawPrior = (z: Tensor2D, ctx: Pick<Ctx, "rng">): Tensor2D =>
  ctx.rng.fold("prior").normal<Tensor2D>(z.shape);
