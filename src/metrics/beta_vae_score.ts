import { type FactorMetric, share } from "./define.ts";
import { accuracy, indices, type LabelledMeans } from "./labelled_means.ts";
import type { Warn } from "./linear_classifier.ts";
import { logisticRegression } from "./logistic_regression.ts";
import { CHECKS, GROUP, GROUPS, type PairedGroup, sameFactorPairs } from "./same_factor.ts";

/**
 * The beta-VAE score, from 0 to 1: how often a linear classifier names the factor that pairs of images share, from the
 * mean over a group's pairs of |z_1 - z_2| (Higgins et al., "beta-VAE", 2017, section 3). All pairs of a group share the
 * same factor, each its own value of it. The classifier is a logistic regression, as in disentanglement_lib.
 */
export function betaVaeScore(
  latents: LabelledMeans,
  training: readonly PairedGroup[],
  evaluation: readonly PairedGroup[],
  warn?: Warn,
): number {
  const { dims } = latents;
  const features = (groups: readonly PairedGroup[]) => ({
    dims,
    data: Float64Array.from(groups.flatMap((group) => meanDifference(latents, group))),
  });
  const factors = (groups: readonly PairedGroup[]) => groups.map((g) => g.factor);
  const classify = logisticRegression(features(training), factors(training), { warn });
  return accuracy(classify(features(evaluation)), factors(evaluation));
}

function meanDifference({ means, dims }: LabelledMeans, { pairs }: PairedGroup): number[] {
  return indices(dims).map(
    (d) =>
      pairs.reduce((sum, [a, b]) => sum + Math.abs(means[a * dims + d]! - means[b * dims + d]!), 0) /
      pairs.length,
  );
}

export const betaVaeMetric: FactorMetric = {
  kind: "factors",
  name: "beta_vae",
  trains: false,
  pairs: true,
  factors: 2,
  dims: 1,
  numbers: { beta_vae: share("how often differences of z tell which factor pairs of images share") },
  compute({ test, rng, warn }) {
    const pairs = (what: string, count: number) => sameFactorPairs(test, count, GROUP, rng.fold(what));
    return { beta_vae: betaVaeScore(test, pairs("training", GROUPS), pairs("checks", CHECKS), warn) };
  },
};
