import { defineClassifier } from "./define.ts";
import { classesOf } from "./labelled_means.ts";
import { type Classify, fitWeights, highest, type Rows, scoreOf, type Warn } from "./linear_classifier.ts";

export interface SvmOptions {
  /** Weight of the loss against 1/2 |w|^2. */
  readonly C: number;
  /** Weigh the loss of each class by n / (k n_class) against the others. */
  readonly balanced?: boolean;
  readonly warn?: Warn | undefined;
}

/**
 * A linear support vector machine trained on `rows`, as a function that names the class of each of other rows: one
 * against the rest, 1/2 |w|^2 + C sum max(0, 1 - y (w x + b))^2, with b among the w (Fan et al., "LIBLINEAR", 2008,
 * eq. 2, L2-regularized L2-loss; scikit-learn's LinearSVC).
 */
export function linearSvm(rows: Rows, labels: ArrayLike<number>, options: SvmOptions): Classify {
  const { values } = classesOf(labels);
  if (values.length < 2) return ({ data, dims }) => Array(data.length / dims).fill(values[0]!);
  const machines = (values.length === 2 ? [values[1]!] : values).map((value) =>
    train(rows, labels, value, options),
  );
  if (values.length === 2)
    return ({ data, dims }) =>
      Array.from({ length: data.length / dims }, (_, i) => {
        return values[scoreOf(machines[0]!, 0, data, i * dims, dims) > 0 ? 1 : 0]!;
      });
  const w = Float64Array.from(machines.flatMap((machine) => [...machine]));
  return (others) => highest({ w, scores: values.length }, others).map((place) => values[place]!);
}

/** w, then b. */
function train(
  rows: Rows,
  labels: ArrayLike<number>,
  positive: number,
  { C, balanced, warn }: SvmOptions,
): Float64Array {
  const { data, dims } = rows;
  const n = labels.length;
  const counts = new Map<number, number>();
  for (const label of Array.from(labels)) counts.set(label, (counts.get(label) ?? 0) + 1);
  const ownWeight = (count: number) => (balanced ? (C * n) / (counts.size * count) : C);
  const weights = {
    in: ownWeight(counts.get(positive)!),
    // As LIBLINEAR does it: of more than two classes, the others' weights are left as they are.
    out: counts.size === 2 ? ownWeight(n - counts.get(positive)!) : C,
  };
  const { w } = fitWeights(
    rows,
    1,
    (w, gradient) => {
      let value = 0;
      for (let d = 0; d <= dims; d++) {
        value += 0.5 * w[d]! ** 2;
        gradient[d] = w[d]!;
      }
      for (let i = 0; i < n; i++) {
        const y = labels[i] === positive ? 1 : -1;
        const short = 1 - y * scoreOf(w, 0, data, i * dims, dims);
        if (short <= 0) continue;
        const c = y > 0 ? weights.in : weights.out;
        value += c * short * short;
        const pull = -2 * c * y * short;
        for (let d = 0; d < dims; d++) gradient[d]! += pull * data[i * dims + d]!;
        gradient[dims]! += pull;
      }
      return value;
    },
    { curvature: 2 * C, penalizedIntercept: true, warn },
  );
  return w;
}

export const svmMetric = defineClassifier("svm", "a linear SVM", (rows, labels, { warn }) =>
  linearSvm(rows, labels, { C: 1, warn }),
);
