import type { Rng } from "../rng.ts";
import { classesOf, indices } from "./labelled_means.ts";
import type { Rows } from "./linear_classifier.ts";
import { growTree, type Presorted, presort, valueAt } from "./regression_tree.ts";

const ROUNDS = 100;
const RATE = 0.1;
const DEPTH = 3;

export interface Boosted {
  /** Share of each dimension in the reduction of variance by all trees, [dims], summing to 1 (or all 0). */
  readonly importance: Float64Array;
  /** The class of each row. */
  classify(rows: Rows): number[];
}

/**
 * Gradient boosted trees for classes: 100 rounds of one regression tree of depth 3 a class, fitted to the gradient of
 * the multinomial deviance, each added at a rate of 0.1 (Friedman, "Greedy function approximation: a gradient boosting
 * machine", 2001, algorithm 6; scikit-learn's GradientBoostingClassifier with its defaults). `rng` chooses between
 * dimensions that split alike.
 */
export function gradientBoosting(rows: Rows, labels: ArrayLike<number>, rng: Rng): Boosted {
  const { values, of } = classesOf(labels);
  const n = labels.length;
  const classes = Int32Array.from(labels, of);
  const importance = new Float64Array(rows.dims);
  if (values.length < 2)
    return { importance, classify: (r) => Array(r.data.length / r.dims).fill(values[0]!) };
  const binary = values.length === 2;
  const targets = binary ? [1] : indices(values.length);
  const share = (c: number) => classes.reduce((sum, y) => sum + (y === c ? 1 : 0), 0) / n;
  const prior = targets.map((c) => (binary ? Math.log(share(1) / share(0)) : Math.log(share(c))));
  const sorted: Presorted = presort(rows, DEPTH);
  const raw = prior.map((p) => new Float64Array(n).fill(p));
  const trees = targets.map(() => [] as ReturnType<typeof growTree>[]);
  const factor = binary ? 1 : (values.length - 1) / values.length;
  let ties = 0;
  const pick = (count: number) => (count === 1 ? 0 : rng.fold(ties++).integerArray(1, count)[0]!);
  for (let round = 0; round < ROUNDS; round++) {
    const probabilities = binary ? [raw[0]!.map((r) => 1 / (1 + Math.exp(-r)))] : softmax(raw);
    for (const [t, c] of targets.entries()) {
      const p = probabilities[t]!;
      const residual = p.map((q, i) => (classes[i] === c ? 1 : 0) - q);
      const leaf = (members: Int32Array) => {
        let [sum, curvature] = [0, 0];
        for (const i of members) {
          sum += residual[i]!;
          curvature += p[i]! * (1 - p[i]!);
        }
        return Math.abs(curvature) < 1e-150 ? 0 : (factor * sum) / curvature; // one step of Newton's
      };
      const tree = growTree(sorted, residual, leaf, pick);
      for (let d = 0; d < rows.dims; d++) importance[d]! += tree.gains[d]!;
      for (let i = 0; i < n; i++) raw[t]![i]! += RATE * tree.leafOf[i]!;
      trees[t]!.push(tree);
    }
  }
  const total = importance.reduce((a, b) => a + b);
  return {
    importance: total === 0 ? importance : importance.map((v) => v / total),
    classify: ({ data, dims }) =>
      Array.from({ length: data.length / dims }, (_, i) => {
        const scores = targets.map((_, t) =>
          trees[t]!.reduce((sum, tree) => sum + RATE * valueAt(tree.root, data, i * dims), prior[t]!),
        );
        return values[binary ? (scores[0]! > 0 ? 1 : 0) : scores.indexOf(Math.max(...scores))]!;
      }),
  };
}

/** By class and row. */
function softmax(raw: readonly Float64Array[]): Float64Array[] {
  const out = raw.map((r) => r.slice());
  for (let i = 0; i < raw[0]!.length; i++) {
    let [highest, sum] = [-Infinity, 0];
    for (const scores of raw) highest = Math.max(highest, scores[i]!);
    for (const scores of out) {
      const e = Math.exp(scores[i]! - highest);
      scores[i] = e;
      sum += e;
    }
    for (const scores of out) scores[i]! /= sum;
  }
  return out;
}
