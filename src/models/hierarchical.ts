import { newPass, type Param, type Pass } from "../nn/params.ts";
import {
  type Named,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor4D,
  tf,
} from "../tf.ts";
import { drawMixture, type Gaussian } from "./blocks/gaussian_head.ts";
import { type LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import type { ConvBodyOptions } from "./blocks/options.ts";
import { lastActivation } from "./blocks/output.ts";
import { placedIn } from "./blocks/relative_gaussian.ts";
import { passPhase } from "./conv_vae.ts";
import { withRng } from "./ctx.ts";
import type { BuildArgs, Convention, TermDoc } from "./define.ts";
import { reparameterize } from "./gaussian.ts";
import { sumOf } from "./losses/features.ts";
import { drawnKlToMixture, logGaussian, logGaussianMixture } from "./losses/gaussian_density.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import type { Ctx, VAE } from "./vae.ts";

/** One latent of a hierarchy. `above`: z of those above it, [B, D] each, the top first. */
export interface Level<Features> {
  readonly name: string;
  /** D. */
  readonly dims: number;
  /** p(z | above); left out: N(0, I). */
  prior?(above: readonly Tensor2D[], pass: Pass): Gaussian;
  /** What an image says of z. */
  evidence(features: Features, above: readonly Tensor2D[], pass: Pass): Gaussian;
}

/** A model with several Gaussian latents, each of which depends on those above it. */
export interface Hierarchy<Features> {
  readonly params: Map<string, Param>;
  /** What all levels see of the images. */
  features(images: Tensor4D, pass: Pass): Features;
  /** The top first. */
  readonly levels: readonly Level<Features>[];
  /**
   * The components of the top's p(z), [K, D], where that is a mixture and not N(0, I). `features` are those of a pass over a
   * batch, which may have them.
   */
  mixture?(pass: Pass, features?: Features): Gaussian;
  /** q(z | x, above) of a level's prior and evidence, in the prior's coordinates. Without a prior it is the evidence. */
  posterior(prior: Gaussian, evidence: Gaussian): Gaussian;
  /** z of all levels -> images before the last activation. */
  decoder(z: readonly Tensor2D[], pass: Pass): Tensor4D;
}

/** The terms of `hierarchicalVAE`. */
export const hierarchicalTerms = (
  convention: Convention,
  warmupSteps = 0,
): Record<"reconstruction" | "kl", TermDoc> => ({
  reconstruction: { doc: reconstructionDoc(convention), weight: 1 },
  kl: {
    doc: "sum over latents of KL(q(z_i | x, above) || p(z_i | above)), nats per image",
    weight: 1,
    ...(warmupSteps > 0 && { warmupSteps }),
  },
});

/**
 * The VAE with a hierarchy of Gaussian latents, trained whole by its ELBO. The KL of each latent to its prior is in closed
 * form, given a draw of those above. Latents are handed out in the coordinates of their priors (`VAE.encode`).
 */
export function hierarchicalVAE<Features>(
  args: BuildArgs<ConvBodyOptions & LikelihoodOptions>,
  { params, features, levels, mixture, posterior: combined, decoder }: Hierarchy<Features>,
): VAE<"reconstruction" | "kl"> {
  const { params: o, convention } = args;
  const activate = lastActivation(o);

  /** From the top down: u of each level by `choose`, and the z that it stands for. */
  const descend = (
    pass: Pass,
    choose: (level: Level<Features>, prior: Gaussian | undefined, above: Tensor2D[]) => Tensor2D,
  ) => {
    const z: Tensor2D[] = [];
    for (const level of levels) {
      const prior = level.prior?.(z, pass);
      const u = choose(level, prior, z);
      z.push(prior === undefined ? u : placedIn(prior, u));
    }
    return z;
  };
  const encode = (images: Tensor4D, pass: Pass, draw: (q: Gaussian, name: string) => Tensor2D) => {
    const seen = features(images, pass);
    const posteriors: Record<string, Gaussian> = {};
    const u: Record<string, Tensor2D> = {};
    const z = descend(pass, (level, prior, above) => {
      const evidence = level.evidence(seen, above, pass);
      const q = prior === undefined ? evidence : combined(prior, evidence);
      posteriors[level.name] = q;
      u[level.name] = draw(q, level.name);
      return u[level.name]!;
    });
    return { seen, posteriors, u, z };
  };
  const drawn = (ctx: Ctx) => (q: Gaussian, name: string) =>
    reparameterize(q.mean, q.logVar, withRng(ctx, ctx.rng.fold(name)));
  const decode = (u: Named<Tensor>, ctx: Ctx) => {
    const pass = newPass(ctx.training);
    return activate(
      decoder(
        descend(pass, ({ name }) => u[name] as Tensor2D),
        pass,
      ),
    );
  };

  return {
    params,
    encode(images, ctx) {
      const { posteriors, u } = encode(images, newPass(ctx.training), drawn(ctx));
      const posterior = Object.entries(posteriors).map(
        ([name, q]) => [name, { kind: "gaussian", ...q }] as const,
      );
      return { posterior: Object.fromEntries(posterior), z: u };
    },
    decode,
    reconstruct(images, ctx) {
      const pass = newPass(ctx.training);
      return activate(decoder(encode(images, pass, (q) => q.mean).z, pass));
    },
    ...(mixture && {
      logPrior(u: Named<Tensor>, ctx: Ctx) {
        const { mean, logVar } = mixture(newPass(ctx.training));
        const [top, ...others] = levels.map(({ name }) => u[name] as Tensor2D);
        const given = others.map((own) => tf.sum<Tensor1D>(logGaussian(own, tf.scalar(0), tf.scalar(0)), 1));
        return given.reduce((a, b) => tf.add(a, b), logGaussianMixture(top!, mean, logVar));
      },
    }),
    sample(count, ctx) {
      const u = levels.map(({ name, dims }, i) => {
        const rng = ctx.rng.fold(name);
        if (i === 0 && mixture) return [name, drawMixture(mixture(newPass(ctx.training)), count, rng)];
        return [name, rng.fold("prior").normal<Tensor2D>([count, dims])];
      });
      return decode(Object.fromEntries(u), ctx);
    },
    phases: [
      passPhase(
        (images, ctx) => {
          const pass = newPass(ctx.training);
          const encoded = encode(images, pass, drawn(ctx));
          const logits = decoder(encoded.z, pass);
          return { ...encoded, pass, logits, recons: activate(logits), updates: pass.updates };
        },
        ({ seen, posteriors, u, pass, ...decoded }, { images }) => {
          const kls = levels.map(({ name }, i) => {
            const q = posteriors[name]!;
            const kl =
              i === 0 && mixture
                ? drawnKlToMixture(u[name]!, q, mixture(pass, seen))
                : klToUnitGaussian(q.mean, q.logVar);
            return [`kl_${name}`, kl] as const;
          });
          const byLevel: Record<string, Scalar> = Object.fromEntries(kls);
          return {
            terms: {
              reconstruction: reconstructionTerm(images, decoded, convention, o),
              kl: sumOf(byLevel),
            },
            ...(levels.length > 1 && { scalars: byLevel }),
          };
        },
      ),
    ],
  };
}
