import type { Rng } from "../rng.ts";
import { type FactorMetric, share } from "./define.ts";
import { gradientBoosting } from "./gradient_boosting.ts";
import { accuracy, factor, indices, type MeanSplits, unitsOf } from "./labelled_means.ts";

export interface Dci {
  /** Whether each dimension of z matters to one factor, 0 to 1. */
  readonly disentanglement: number;
  /** Whether each factor needs one dimension of z, 0 to 1. */
  readonly completeness: number;
  /** Accuracy of predicting the factors of images not trained on, the mean over factors. */
  readonly informativeness: number;
}

/**
 * Disentanglement, completeness and informativeness (Eastwood and Williams, "A framework for the quantitative
 * evaluation of disentangled representations", 2018, section 2). The predictors are gradient boosted trees and the
 * importance of a dimension is their reduction of variance by it, as in disentanglement_lib. Dimensions that carry the
 * same share it; `rng` chooses which of them a tree splits by. Every factor takes two values or more in `train`.
 */
export function dci({ train, test }: MeanSplits, rng: Rng): Dci {
  const predictors = indices(train.factors).map((f) => {
    const { importance, classify } = gradientBoosting(
      { data: train.means, dims: train.dims },
      factor(train, f),
      rng.fold(f),
    );
    return {
      importance,
      accuracy: accuracy(classify({ data: test.means, dims: test.dims }), factor(test, f)),
    };
  });
  const units = unitsOf(train);
  // [factors][units]: of a categorical variable the sum over its values
  const matrix = predictors.map(({ importance }) =>
    units.map(({ from, width }) => indices(width).reduce((sum, k) => sum + importance[from + k]!, 0)),
  );
  return {
    ...dciOfImportance(matrix),
    informativeness: predictors.reduce((sum, p) => sum + p.accuracy, 0) / predictors.length,
  };
}

/**
 * One less the entropy of a dimension's importance over factors (to the base of their number), weighted by the
 * dimension's share of all importance; and the same of factors over dimensions. `matrix`: [factors][dims], at least 0.
 */
export function dciOfImportance(matrix: readonly ArrayLike<number>[]): Omit<Dci, "informativeness"> {
  const rows = matrix.map((row) => Array.from(row));
  const columns = rows[0]!.map((_, d) => rows.map((row) => row[d]!));
  return { disentanglement: concentration(columns), completeness: concentration(rows) };
}

function concentration(vectors: readonly (readonly number[])[]): number {
  const sums = vectors.map((v) => v.reduce((a, b) => a + b));
  const total = sums.reduce((a, b) => a + b);
  if (total === 0) return 0;
  const scores = vectors.map((v, i) => {
    if (sums[i] === 0 || v.length === 1) return 0; // nothing to concentrate
    const shares = v.map((x) => x / sums[i]!).filter((p) => p > 0);
    return 1 + shares.reduce((sum, p) => sum + p * Math.log(p), 0) / Math.log(v.length);
  });
  return scores.reduce((sum, s, i) => sum + (s * sums[i]!) / total, 0);
}

export const dciMetric: FactorMetric = {
  kind: "factors",
  name: "dci",
  trains: true,
  factors: 2,
  dims: 2,
  numbers: {
    dci_disentanglement: share("whether a dimension of z matters to one factor, by boosted trees"),
    dci_completeness: share("whether a factor needs one dimension of z, by boosted trees"),
    dci_informativeness: share("accuracy of boosted trees on z, the mean over factors"),
  },
  async compute({ test, train, rng }) {
    const found = dci({ train: await train(), test }, rng);
    return {
      dci_disentanglement: found.disentanglement,
      dci_completeness: found.completeness,
      dci_informativeness: found.informativeness,
    };
  },
};
