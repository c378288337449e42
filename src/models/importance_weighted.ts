import { type Static, Type } from "typebox";
import { ConfigError } from "../errors.ts";
import { type Scalar, type Tensor2D, type Tensor4D, tf } from "../tf.ts";
import { checkOwnSigma, LikelihoodOptions, logLikelihoods } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import type { BuildArgs, Given, TermDoc } from "./define.ts";
import { checkGaussianVAE, onePhaseGaussianVAE } from "./gaussian.ts";
import { importanceWeightedBound, logPriorRatio } from "./losses/importance.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import { meanSquaredError } from "./losses/reconstruction.ts";
import type { VAE } from "./vae.ts";

/** Keys of `model_params` that these variants share. */
export const ImportanceOptions = {
  ...ConvOptions,
  ...LikelihoodOptions,
  sigma: Type.Union(LikelihoodOptions.sigma.anyOf, {
    default: 0.1,
    description:
      "Standard deviation of the Gaussian likelihood of the convention elbo, in the images' range: a number there.",
  }),
} as const;
const Shape = Type.Object(ImportanceOptions);
type ImportanceOptions = Static<typeof Shape>;

/** The one term of these variants, in nats under either convention. */
export const boundTerm = (doc: string): { bound: TermDoc } => ({
  bound: { doc, weight: 1, timesKldWeight: true, bound: true },
});

/**
 * A Gaussian VAE that is trained by an importance-weighted bound of `samples` draws of z an image, the mean of `estimates`
 * of it. `reconstruction`, `kl` and `mse` are logged beside it, for it is no sum of the first two.
 */
export function importanceWeightedVAE(
  args: BuildArgs<ImportanceOptions>,
  {
    model,
    samples,
    estimates,
  }: { readonly model: string; readonly samples: number; readonly estimates: number },
): VAE<"bound"> {
  const { params: o, convention } = args;
  checkOwnLikelihood(o, args, model);
  const draws = samples * estimates;
  return onePhaseGaussianVAE(
    args,
    (pass, batch) => {
      const images = draws === 1 ? batch.images : tf.concat(Array<Tensor4D>(draws).fill(batch.images), 0);
      const logP = logLikelihoods(images, pass, args, o);
      const { mean, logVar, noise } = pass;
      const ratio = logPriorRatio<Tensor2D>(tf.reshape(pass.z, noise.shape), noise, logVar);
      const logWeights = tf.add<Tensor2D>(tf.reshape(logP, ratio.shape), ratio); // [draws, B]
      const mse = meanSquaredError(images, pass.recons);
      return {
        terms: { bound: importanceWeightedBound(tf.reshape(logWeights, [samples, -1]) as Tensor2D) },
        scalars: {
          reconstruction: convention === "elbo" ? tf.neg(tf.mean<Scalar>(logP)) : mse,
          kl: klToUnitGaussian(mean, logVar),
          mse: tf.clone(mse),
        },
      };
    },
    { draws },
  );
}

/** `ModelDefinition.check` of the variant `model`. @throws ConfigError, ShapeError */
export const checkImportance =
  (model: string) =>
  (o: ImportanceOptions, given?: Given): void => {
    checkGaussianVAE(o, given);
    if (given) checkOwnLikelihood(o, given, model);
  };

/** @throws ConfigError where the config implies no likelihood whose draws could be weighed */
function checkOwnLikelihood(
  o: LikelihoodOptions,
  { convention, natWeight }: Pick<Given, "convention" | "natWeight">,
  model: string,
): void {
  checkOwnSigma(o, convention, model);
  if (natWeight > 0) return;
  throw new ConfigError(
    `exp_params.kld_weight: expected a number > 0 for ${model}, whose likelihood it implies, got 0. Raise it, or set ` +
      "reconstruction: elbo.",
  );
}
