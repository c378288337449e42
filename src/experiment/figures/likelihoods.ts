import { activeUnits } from "../../metrics/active_units.ts";
import { bitsPerDim, calibratedElbo } from "../../models/losses/elbo.ts";
import type { Figure } from "./figure.ts";
import { fittedGaussian, importancePass } from "./importance_pass.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

/** What z and its posterior say, from one draw of z for each image. */
export const likelihoodFigures: readonly Figure[] = [
  {
    name: "elbo",
    summary:
      "lower bound on log p(x): elbo in nats and bits_per_dim for a Gaussian with one sigma fitted to the images, elbo_trained for the likelihood that the loss stands for",
    byDefault: true,
    better: { elbo: "higher", elbo_trained: "higher", bits_per_dim: "lower", bits_per_dim_trained: "lower" },
    async compute(context) {
      const { mse, klPerDimension, trainedLogDensity } = await context.posteriors();
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
    summary: "importance-weighted bound on log p(x) of --draws draws, in nats, for the likelihoods of elbo",
    byDefault: true,
    better: "higher",
    async compute(context) {
      const trained = context.trainedLikelihood;
      const { mse } = await context.posteriors();
      const [fitted, own] = await importancePass(context, [
        fittedGaussian(mse),
        ...(trained ? [trained] : []),
      ]);
      return { log_likelihood: fitted!, ...(own !== undefined && { log_likelihood_trained: own }) };
    },
  },
  {
    name: "kl",
    summary: "KL(q(z | x) || N(0, I)) in nats: kl in all, kl_per_dim of each dimension",
    byDefault: true,
    better: "neither",
    async compute(context) {
      const { klPerDimension } = await context.posteriors();
      return { kl: sum(klPerDimension), kl_per_dim: [...klPerDimension] };
    },
  },
  {
    name: "active_units",
    summary: "dimensions of z whose posterior mean has a variance above 0.01 over the images",
    byDefault: true,
    better: "neither",
    async compute(context) {
      const { means, dims } = await context.posteriors();
      return { active_units: activeUnits(means, dims) };
    },
  },
];
