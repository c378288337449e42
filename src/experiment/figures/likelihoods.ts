import { activeUnits } from "../../metrics/active_units.ts";
import { bitsPerDim, calibratedElbo } from "../../models/losses/elbo.ts";
import { noVariance } from "./evaluated.ts";
import type { Figure, Metric } from "./figure.ts";
import { fittedGaussian, importancePass } from "./importance_pass.ts";

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

const FITTED = "a Gaussian of one sigma fitted to the images";
const OWN = "the likelihood that the loss stands for";
const elbo = (of: string): Metric => ({
  unit: "nats",
  better: "higher",
  computed: `lower bound on log p(x) of an image, under ${of}`,
});
const bits = (of: string): Metric => ({
  unit: "bits",
  better: "lower",
  computed: `the ELBO in bits per value of 8 bits, under ${of}`,
});
const logLikelihood = (of: string): Metric => ({
  unit: "nats",
  better: "higher",
  computed: `importance-weighted bound on log p(x) of an image of --draws draws, under ${of}`,
});

/** What z and its posterior say, from one draw of z for each image. */
export const likelihoodFigures: readonly Figure[] = [
  {
    name: "elbo",
    metrics: {
      elbo: { ...elbo(FITTED), column: true },
      bits_per_dim: { ...bits(FITTED), column: true },
      elbo_trained: elbo(OWN),
      bits_per_dim_trained: bits(OWN),
    },
    byDefault: true,
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
    metrics: { log_likelihood: logLikelihood(FITTED), log_likelihood_trained: logLikelihood(OWN) },
    byDefault: true,
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
    metrics: {
      kl: { unit: "nats", better: "neither", computed: "KL(q(z | x) || N(0, I)) of an image", column: true },
      kl_per_dim: { unit: "nats", better: "neither", computed: "the same of each dimension of z" },
    },
    byDefault: true,
    async compute(context) {
      const { klPerDimension } = await context.posteriors();
      return { kl: sum(klPerDimension), kl_per_dim: [...klPerDimension] };
    },
  },
  {
    name: "active_units",
    metrics: {
      active_units: {
        unit: "dimensions",
        better: "neither",
        computed: "dimensions of z whose posterior mean has a variance above 0.01 over the images",
      },
    },
    byDefault: true,
    missing: noVariance,
    async compute(context) {
      const { means, dims } = await context.posteriors();
      return { active_units: activeUnits(means, dims) };
    },
  },
];
