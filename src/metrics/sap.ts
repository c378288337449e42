import { type FactorMetric, share } from "./define.ts";
import { accuracy, columnsOf, factor, indices, type MeanSplits, unitsOf } from "./labelled_means.ts";
import type { Warn } from "./linear_classifier.ts";
import { linearSvm } from "./linear_svm.ts";

/**
 * The separated attribute predictability score: for each factor, how well one dimension of z alone predicts it,
 * best less second best; the mean over factors (Kumar et al., "Variational inference of disentangled latent concepts
 * from unlabeled observations", arXiv 1711.00848, section 3). Factors count as classes and the prediction is a linear
 * SVM's (C = 0.01, classes weighed equally) accuracy on images that it was not trained on, as in disentanglement_lib.
 * `train` and `test` have two dimensions or more; every factor takes two values or more in `train`.
 */
export function separatedAttributePredictability({ train, test }: MeanSplits, warn?: Warn): number {
  const gaps = indices(train.factors).map((f) => {
    const scores = unitsOf(train).map((unit) => {
      const [seen, unseen] = [columnsOf(train, unit), columnsOf(test, unit)];
      const options = { C: 0.01, balanced: true, warn };
      const classify = linearSvm({ data: seen, dims: unit.width }, factor(train, f), options);
      return accuracy(classify({ data: unseen, dims: unit.width }), factor(test, f));
    });
    const [first, second] = scores.sort((a, b) => b - a);
    return first! - second!;
  });
  return gaps.reduce((a, b) => a + b) / gaps.length;
}

export const sapMetric: FactorMetric = {
  kind: "factors",
  name: "sap",
  trains: true,
  factors: 1,
  dims: 2,
  numbers: { sap: share("gap of the two dimensions of z that tell a factor best, by linear SVMs") },
  compute: async ({ test, train, warn }) => ({
    sap: separatedAttributePredictability({ train: await train(), test }, warn),
  }),
};
