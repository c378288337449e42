import { type Param, type Pass, Scope } from "../nn/params.ts";
import type { Tensor4D } from "../tf.ts";
import { checkLikelihood, type LikelihoodOptions } from "./blocks/likelihood.ts";
import { type ConvBodyOptions, decoderEps } from "./blocks/options.ts";
import { checkImages, lastActivation } from "./blocks/output.ts";
import { strideSizes } from "./blocks/sizes.ts";
import { type BuildArgs, type Given, VAE_PHASE } from "./define.ts";
import { meanSquaredError } from "./losses/reconstruction.ts";
import type { Batch, Ctx, Loss, Phase } from "./vae.ts";

type Sides = readonly [height: number, width: number, ...rest: unknown[]];

/** Sides of the image after each stride. @throws ShapeError where they don't fit */
const sizesOf = (o: ConvBodyOptions, [height, width]: Sides): number[] => {
  const isExact = o.decoder === "upsample" || o.encoder_kernel === 4; // no layer can make odd sides
  return strideSizes(height, width, o.hidden_dims.length, isExact);
};

/**
 * `ModelDefinition.check` of variants on the convolutional encoder and decoder that choose no likelihood. @throws
 * ConfigError, ShapeError
 */
export function checkConvVAE(o: ConvBodyOptions, given?: Given): void {
  if (given === undefined) return;
  checkImages(o, given);
  if (given.imageShape !== undefined) sizesOf(o, given.imageShape);
}

/** `ModelDefinition.complete` of the same. */
export const completeConvVAE = <O extends ConvBodyOptions>(o: O): O => ({
  ...o,
  decoder_batch_norm_eps: decoderEps(o),
});

/** What every variant on the convolutional encoder and decoder is built from. @throws ConfigError, ShapeError */
export function convFrame(o: ConvBodyOptions & Partial<LikelihoodOptions>, args: BuildArgs<unknown>) {
  checkLikelihood(o);
  checkImages(o, args);
  const params = new Map<string, Param>();
  return {
    params,
    scope: new Scope(params, args.rng, o.init),
    channels: args.imageShape[2],
    sizes: sizesOf(o, args.imageShape),
    activate: lastActivation(o),
  };
}

/** What a pass over a batch has in any variant. */
export interface DecodedPass {
  readonly recons: Tensor4D; // [B, H, W, C], or several for each image
  readonly updates: Pass["updates"];
}

/** What a variant makes of a batch's pass: its terms, and what it logs or carries besides. */
export type PassLoss<P, Term extends string> = (
  pass: P,
  batch: Batch,
  ctx: Ctx,
) => Omit<Loss<Term>, "updates">;

/**
 * The phase `vae`: a pass over the batch and `lossOf` it, with batch norm's next statistics and, where the loss has no
 * scalar `mse` of its own, the mean squared error of the reconstructions.
 */
export function passPhase<P extends DecodedPass, Term extends string>(
  forward: (images: Tensor4D, ctx: Ctx) => P,
  lossOf: PassLoss<P, Term>,
  owns: Phase["owns"] = () => true,
): Phase<Term> {
  return {
    name: VAE_PHASE,
    owns,
    loss(batch, ctx) {
      const pass = forward(batch.images, ctx);
      const { scalars = {}, ...loss } = lossOf(pass, batch, ctx);
      const mse = () => ({ mse: meanSquaredError(batch.images, pass.recons) });
      return { ...loss, scalars: scalars.mse ? scalars : { ...mse(), ...scalars }, updates: pass.updates };
    },
  };
}
