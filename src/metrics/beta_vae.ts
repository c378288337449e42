import { accuracy, type Codes, indices } from "./codes.ts";
import { logisticRegression } from "./logistic_regression.ts";
import type { Group } from "./same_factor.ts";

/**
 * The beta-VAE score, from 0 to 1: how often a linear classifier names the factor that pairs of images share, from the
 * mean over the pairs of |z_1 - z_2| (Higgins et al., "beta-VAE", 2017, section 3). A group of 2 L codes is L pairs,
 * its first half against its second; the classifier is a logistic regression, as in disentanglement_lib.
 */
export function betaVaeScore(codes: Codes, training: readonly Group[], evaluation: readonly Group[]): number {
  const { dims } = codes;
  const features = (groups: readonly Group[]) => ({
    dims,
    data: Float64Array.from(groups.flatMap((group) => meanDifference(codes, group))),
  });
  const factors = (groups: readonly Group[]) => groups.map((g) => g.factor);
  const classify = logisticRegression(features(training), factors(training));
  return accuracy(classify(features(evaluation)), factors(evaluation));
}

function meanDifference({ means, dims }: Codes, { rows }: Group): number[] {
  const pairs = rows.length / 2;
  return indices(dims).map((d) => {
    const z = (row: number) => means[row * dims + d]!;
    return indices(pairs).reduce((sum, i) => sum + Math.abs(z(rows[i]!) - z(rows[pairs + i]!)), 0) / pairs;
  });
}
