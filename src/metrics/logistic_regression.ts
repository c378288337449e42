import { classesOf } from "./codes.ts";
import { minimize } from "./lbfgs.ts";
import type { Rows } from "./linear_svm.ts";
import { logSumExp } from "./log_likelihood.ts";

/**
 * Multinomial logistic regression trained on `rows`, as a function that names the class of each of other rows:
 * 1/2 |W|^2 + sum_i -log softmax(W x_i + b)_(y_i), b not penalized (Hastie et al., "The elements of statistical
 * learning", 4.4; scikit-learn's LogisticRegression with C = 1).
 */
export function logisticRegression(rows: Rows, labels: ArrayLike<number>): (rows: Rows) => number[] {
  const { data, dims } = rows;
  const { values, of } = classesOf(labels);
  const k = values.length;
  const width = dims + 1;
  const classes = Array.from(labels, of);
  const scores = (w: Float64Array, from: ArrayLike<number>, at: number) =>
    values.map((_, c) => {
      let sum = w[c * width + dims]!;
      for (let d = 0; d < dims; d++) sum += w[c * width + d]! * from[at + d]!;
      return sum;
    });
  const w = minimize(
    (w, gradient) => {
      let value = 0;
      for (let j = 0; j < w.length; j++) {
        const penalized = j % width !== dims;
        if (penalized) value += 0.5 * w[j]! ** 2;
        gradient[j] = penalized ? w[j]! : 0;
      }
      for (let i = 0; i < classes.length; i++) {
        const s = scores(w, data, i * dims);
        const norm = logSumExp(s);
        value += norm - s[classes[i]!]!;
        for (let c = 0; c < k; c++) {
          const pull = Math.exp(s[c]! - norm) - (c === classes[i] ? 1 : 0);
          for (let d = 0; d < dims; d++) gradient[c * width + d]! += pull * data[i * dims + d]!;
          gradient[c * width + dims]! += pull;
        }
      }
      return value;
    },
    new Float64Array(k * width),
  );
  return (others) =>
    Array.from({ length: others.data.length / dims }, (_, i) => {
      const s = scores(w, others.data, i * dims);
      return values[s.indexOf(Math.max(...s))]!;
    });
}
