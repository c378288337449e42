import { newPass, type Pass, type Scope } from "../nn/params.ts";
import { type Named, type Tensor, type Tensor4D, tf } from "../tf.ts";
import { convDecoder } from "./blocks/decoder.ts";
import { convFeatures } from "./blocks/encoder.ts";
import type { Latent } from "./blocks/latents.ts";
import type { LikelihoodOptions } from "./blocks/likelihood.ts";
import type { ConvOptions } from "./blocks/options.ts";
import { convFrame, type DecodedPass, type PassLoss, passPhase } from "./conv_vae.ts";
import { withRng } from "./ctx.ts";
import type { BuildArgs } from "./define.ts";
import type { Ctx, Posterior, VAE } from "./vae.ts";

/** One pass over a batch: the posteriors by latent, and what one draw of each decodes to. */
export interface LatentsPass<Q extends Named<Posterior>> extends DecodedPass {
  readonly posterior: Q;
  readonly logits: Tensor4D; // [B, H, W, C], before the last activation
}

/**
 * The convolutional VAE with several latents side by side, of any kinds, trained whole by a loss: on the encoder and decoder
 * of the Gaussian VAE, the latents one after the other as the decoder's input.
 *
 * @param declare the latents by name, of the encoder's features
 */
export function latentsVAE<Q extends Named<Posterior>, Term extends string>(
  args: BuildArgs<ConvOptions & LikelihoodOptions>,
  declare: (scope: Scope, features: number) => { readonly [N in keyof Q]: Latent<Q[N]> },
  lossOf: PassLoss<LatentsPass<Q>, Term>,
): VAE<Term> {
  const { params: o } = args;
  const { params, scope, channels, sizes, activate } = convFrame(o, args);
  const features = convFeatures(scope, o, channels, sizes);
  const latents = Object.entries<Latent>(declare(scope, features.width));
  const inputs = latents.reduce((sum, [, latent]) => sum + latent.width, 0);
  const decoder = convDecoder(scope, { ...o, latent_dim: inputs }, channels, sizes);
  const each = <T>(of: (latent: Latent, name: string) => T): Record<string, T> =>
    Object.fromEntries(latents.map(([name, latent]) => [name, of(latent, name)]));
  const encode = (images: Tensor4D, pass: Pass) => {
    const h = features.layer(images, pass);
    return each((latent) => latent.posterior(h, pass)) as Q;
  };
  const drawn = (posterior: Q, ctx: Ctx) =>
    each((latent, name) => latent.draw(posterior[name]!, withRng(ctx, ctx.rng.fold(name))));
  const decoded = (z: Named<Tensor>, pass: Pass) => {
    const flat = latents.map(([name, { width }]) => tf.reshape(z[name]!, [-1, width]));
    return decoder(flat.length === 1 ? flat[0]! : tf.concat(flat, 1), pass);
  };
  const decode = (z: Named<Tensor>, ctx: Ctx) => activate(decoded(z, newPass(ctx.training)));
  return {
    params,
    encode(images, ctx) {
      const posterior = encode(images, newPass(ctx.training));
      return { posterior, z: drawn(posterior, ctx) };
    },
    decode,
    reconstruct(images, ctx) {
      const posterior = encode(images, newPass(ctx.training));
      return decode(
        each((latent, name) => latent.place(posterior[name]!)),
        ctx,
      );
    },
    sample: (count, ctx) =>
      decode(
        each((latent, name) => latent.prior(count, withRng(ctx, ctx.rng.fold(name)))),
        ctx,
      ),
    phases: [
      passPhase((images, ctx) => {
        const pass = newPass(ctx.training);
        const posterior = encode(images, pass);
        const logits = decoded(drawn(posterior, ctx), pass);
        return { posterior, logits, recons: activate(logits), updates: pass.updates };
      }, lossOf),
    ],
  };
}
