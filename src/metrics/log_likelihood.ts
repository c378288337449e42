import { logSumExp } from "../models/losses/log_sum_exp.ts";
import type { Metric, PosteriorMetric } from "./define.ts";
import { FITTED, fittedVariance, TRAINED } from "./elbo.ts";
import { gaussian } from "./likelihood.ts";

/**
 * The importance-weighted bound on log p(x) of one image in nats: log (1/K sum_k w_k) of K draws z_k ~ q(z | x),
 * `logWeights` being log w_k = log p(x | z_k) + log p(z_k) - log q(z_k | x) (Burda et al., "Importance weighted
 * autoencoders", arXiv 1509.00519, eq. 8). With K = 1 a sample of the ELBO; it rises with K towards log p(x).
 */
export function importanceWeighted(logWeights: ArrayLike<number>): number {
  return logSumExp(logWeights) - Math.log(logWeights.length);
}

const says = (likelihood: string): Metric => ({
  unit: "nats",
  better: "higher",
  computed: `importance-weighted bound on log p(x) of an image, of --draws draws, under ${likelihood}`,
});

/** Under the fitted Gaussian, whose sigma is that of the ELBO, and under the likelihood that the loss stands for. */
export const logLikelihoodMetric: PosteriorMetric = {
  kind: "posterior",
  name: "log_likelihood",
  knownAs: ["nll"],
  numbers: { log_likelihood: says(FITTED), log_likelihood_trained: says(TRAINED) },
  async compute({ mse, trained, importanceBounds }) {
    const fitted = gaussian(Math.sqrt(fittedVariance(mse)), "fitted to these images");
    const own = typeof trained === "object" ? [trained.likelihood] : [];
    const [bound, ownBound] = await importanceBounds([fitted, ...own]);
    return { log_likelihood: bound!, ...(ownBound !== undefined && { log_likelihood_trained: ownBound }) };
  },
};
