import { activeUnits } from "../../metrics/active_units.ts";
import { bitsPerDim, calibratedElbo } from "../../metrics/elbo.ts";
import { noVariance } from "./evaluated.ts";
import type { Figure } from "./figure.ts";
import { fittedGaussian, importancePass } from "./importance_pass.ts";
import { posteriorSums } from "./posterior_pass.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

/** What z and its posterior say, from one draw of z for each image. */
export const likelihoodFigures: readonly Figure[] = [
  {
    name: "elbo",
    byDefault: true,
    async compute(context) {
      const { mse, klPerDimension, trainedLogDensity } = await posteriorSums(context);
      const kl = sum(klPerDimension);
      const elbo = calibratedElbo(mse, kl, context.dims);
      const fitted = { elbo, bits_per_dim: bitsPerDim(elbo, context.dims) };
      if (trainedLogDensity === undefined) return fitted;
      const trained = trainedLogDensity - kl;
      return {
        ...fitted,
        elbo_trained: trained,
        ...(context.trainedLikelihood?.density && {
          bits_per_dim_trained: bitsPerDim(trained, context.dims),
        }),
      };
    },
  },
  {
    name: "log_likelihood",
    byDefault: true,
    async compute(context) {
      const trained = context.trainedLikelihood;
      const { mse } = await posteriorSums(context);
      const [fitted, own] = await importancePass(context, [
        fittedGaussian(mse),
        ...(trained ? [trained] : []),
      ]);
      return { log_likelihood: fitted!, ...(own !== undefined && { log_likelihood_trained: own }) };
    },
  },
  {
    name: "kl",
    byDefault: true,
    async compute(context) {
      const { klPerDimension } = await posteriorSums(context);
      return { kl: sum(klPerDimension), kl_per_dim: [...klPerDimension] };
    },
  },
  {
    name: "active_units",
    byDefault: true,
    missing: noVariance,
    async compute(context) {
      const { means, dims } = await posteriorSums(context);
      return { active_units: activeUnits(means, dims) };
    },
  },
];
