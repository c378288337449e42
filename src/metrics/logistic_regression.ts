import { logSumExp } from "../models/losses/log_sum_exp.ts";
import { defineClassifier } from "./define.ts";
import { classesOf } from "./labelled_means.ts";
import { type Classify, fitWeights, highest, type Rows, scoreOf, type Warn } from "./linear_classifier.ts";

/**
 * Multinomial logistic regression trained on `rows`, as a function that names the class of each of other rows:
 * 1/2 |W|^2 + sum_i -log softmax(W x_i + b)_(y_i), b not penalized (Hastie et al., "The elements of statistical
 * learning", 4.4; scikit-learn's LogisticRegression with C = 1).
 */
export function logisticRegression(
  rows: Rows,
  labels: ArrayLike<number>,
  { warn }: { readonly warn?: Warn | undefined } = {},
): Classify {
  const { data, dims } = rows;
  const { values, of } = classesOf(labels);
  const k = values.length;
  if (k < 2) return ({ data, dims }) => Array(data.length / dims).fill(values[0]!);
  const width = dims + 1;
  const classes = Int32Array.from(labels, of);
  const scores = new Float64Array(k);
  const weights = fitWeights(
    rows,
    k,
    (w, gradient) => {
      let value = 0;
      for (let j = 0; j < w.length; j++) {
        const penalized = j % width !== dims;
        if (penalized) value += 0.5 * w[j]! ** 2;
        gradient[j] = penalized ? w[j]! : 0;
      }
      for (let i = 0; i < classes.length; i++) {
        for (let c = 0; c < k; c++) scores[c] = scoreOf(w, c * width, data, i * dims, dims);
        const norm = logSumExp(scores);
        value += norm - scores[classes[i]!]!;
        for (let c = 0; c < k; c++) {
          const pull = Math.exp(scores[c]! - norm) - (c === classes[i] ? 1 : 0);
          for (let d = 0; d < dims; d++) gradient[c * width + d]! += pull * data[i * dims + d]!;
          gradient[c * width + dims]! += pull;
        }
      }
      return value;
    },
    { curvature: (1 / k) * (1 - 1 / k), penalizedIntercept: false, warn }, // that of p (1 - p) at first
  );
  return (others) => highest(weights, others).map((place) => values[place]!);
}

export const logisticMetric = defineClassifier("logistic", "a logistic regression", logisticRegression, {
  byDefault: false,
});
