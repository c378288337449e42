import type { Range } from "../nn/at_least.ts";
import { newPass, type Param, type Pass, type Scope } from "../nn/params.ts";
import { type Tensor2D, type Tensor3D, type Tensor4D, tf } from "../tf.ts";
import type { Conditioning } from "./blocks/condition.ts";
import { convDecoder } from "./blocks/decoder.ts";
import { convEncoder } from "./blocks/encoder.ts";
import { splitRows } from "./blocks/gaussian_head.ts";
import { checkLikelihood, type LikelihoodOptions } from "./blocks/likelihood.ts";
import type { ConvBodyOptions, ConvOptions } from "./blocks/options.ts";
import { checkConvVAE, convFrame, type PassLoss, passPhase } from "./conv_vae.ts";
import type { BuildArgs, Given } from "./define.ts";
import type { Ctx, Phase, VAE } from "./vae.ts";

/** One training or evaluation pass of a Gaussian VAE over a batch. */
export interface GaussianPass {
  readonly mean: Tensor2D; //      [B, D]
  readonly logVar: Tensor2D; //    [B, D]
  readonly noise: Tensor3D; //     [K, B, D], drawn by ctx.rng
  readonly z: Tensor2D; //         [K B, D], the batch K times, each with other noise
  readonly logits: Tensor4D; //    [K B, H, W, C], before the last activation
  readonly recons: Tensor4D; //    [K B, H, W, C], after it
  /** The posteriors of the images `beside` the batch, [N, D] each. */
  readonly beside?: { readonly mean: Tensor2D; readonly logVar: Tensor2D };
  readonly updates: Pass["updates"];
}

export interface GaussianVAE extends Omit<VAE, "phases"> {
  readonly params: Map<string, Param>; // for those that a variant adds
  /**
   * `draws` is K: draws of z an image, decoded together; 1 where left out. `beside`, [N, H, W, C]: images that are
   * encoded with the batch, so that batch norm treats both alike, and not decoded.
   */
  forward(images: Tensor4D, ctx: Ctx, draws?: number, beside?: Tensor4D): GaussianPass;
}

type Condition = (scope: Scope) => Conditioning;

/**
 * The convolutional VAE that many variants share: q(z | x) a diagonal Gaussian, p(z) = N(0, I), and
 * everything of the interface but the losses. `condition` declares what it adds to the inputs of encoder and decoder; `range`
 * is what the log-variances are cut to.
 */
export function buildGaussianVAE(
  o: ConvOptions & Partial<LikelihoodOptions>,
  args: BuildArgs<unknown>,
  { condition, range }: { readonly condition?: Condition | undefined; readonly range?: Range } = {},
): GaussianVAE {
  const { params, scope, channels, sizes, activate } = convFrame(o, args);
  const added = condition?.(scope);
  const encode = convEncoder(scope, o, added?.channels ?? channels, sizes, range);
  const encoder = (images: Tensor4D, pass: Pass, ctx: Ctx) =>
    encode(added ? added.images(images, pass, ctx) : images, pass);
  const inner = { ...o, latent_dim: o.latent_dim + (added?.width ?? 0) };
  const fromLatents = convDecoder(scope, inner, channels, sizes);
  const decoder = (z: Tensor2D, pass: Pass, ctx: Ctx) => fromLatents(added ? added.latents(z, ctx) : z, pass);
  const decode = (z: Tensor2D, ctx: Ctx) => activate(decoder(z, newPass(ctx.training), ctx));
  const forward = (images: Tensor4D, ctx: Ctx, draws = 1, others?: Tensor4D): GaussianPass => {
    const pass = newPass(ctx.training);
    const all = encoder(others ? tf.concat([images, others], 0) : images, pass, ctx);
    const [{ mean, logVar }, beside] = others ? splitRows(all, images.shape[0]) : [all];
    const { z, noise } = drawPosterior(mean, logVar, ctx, draws);
    const logits = decoder(z, pass, ctx);
    const decoded = { logits, recons: activate(logits), updates: pass.updates };
    return { mean, logVar, noise, z, ...decoded, ...(beside && { beside }) };
  };
  return {
    params,
    forward,
    encode(images, ctx) {
      const { mean, logVar } = encoder(images, newPass(ctx.training), ctx);
      const z = reparameterize(mean, logVar, ctx);
      return { posterior: { z: { kind: "gaussian", mean, logVar } }, z: { z } };
    },
    decode: (z, ctx) => decode(z.z as Tensor2D, ctx),
    reconstruct: (images, ctx) => decode(encoder(images, newPass(ctx.training), ctx).mean, ctx),
    sample: (count, ctx) => decode(ctx.rng.fold("prior").normal<Tensor2D>([count, o.latent_dim]), ctx),
  };
}

/** A Gaussian VAE that one optimizer trains whole: all of a variant but its loss. `draws`: of z an image, as in `forward`. */
export function onePhaseGaussianVAE<Term extends string>(
  args: BuildArgs<ConvOptions & Partial<LikelihoodOptions>>,
  lossOf: PassLoss<GaussianPass, Term>,
  { draws, condition }: { readonly draws?: number; readonly condition?: Condition } = {},
): VAE<Term> {
  const { forward, ...vae } = buildGaussianVAE(args.params, args, { condition });
  return { ...vae, phases: [gaussianPhase(forward, lossOf, { ...(draws !== undefined && { draws }) })] };
}

/** The phase `vae` of a Gaussian VAE: `passPhase` of its `forward`. */
export const gaussianPhase = <Term extends string>(
  forward: GaussianVAE["forward"],
  lossOf: PassLoss<GaussianPass, Term>,
  { draws = 1, owns }: { readonly draws?: number; readonly owns?: Phase["owns"] } = {},
): Phase<Term> => passPhase((images, ctx) => forward(images, ctx, draws), lossOf, owns);

/** z = mean + exp(logVar / 2) * noise, [B, D], the noise from `ctx.rng` (arXiv 1312.6114, 2.4). */
export function reparameterize(mean: Tensor2D, logVar: Tensor2D, ctx: Ctx): Tensor2D {
  return drawPosterior(mean, logVar, ctx, 1).z;
}

/** `draws` of them for each image, [draws B, D], and their noise, [draws, B, D]; the first is that of one draw. */
function drawPosterior(
  mean: Tensor2D,
  logVar: Tensor2D,
  ctx: Ctx,
  draws: number,
): { z: Tensor2D; noise: Tensor3D } {
  const [batch, dims] = mean.shape;
  const noise = ctx.rng.fold("posterior").perImage(1).normal<Tensor3D>([draws, batch, dims]);
  const deviation = tf.exp(tf.mul(0.5, logVar));
  if (draws === 1) {
    const drawn = tf.reshape(noise, mean.shape);
    return { z: tf.add(mean, tf.mul(deviation, drawn)), noise };
  }
  const z = tf.reshape(tf.add(mean, tf.mul(deviation, noise)), [draws * batch, dims]);
  return { z: z as Tensor2D, noise };
}

/** `ModelDefinition.check` of the variants that `buildGaussianVAE` makes. @throws ConfigError, ShapeError */
export function checkGaussianVAE(o: ConvBodyOptions & LikelihoodOptions, given?: Given): void {
  checkLikelihood(o);
  checkConvVAE(o, given);
}
