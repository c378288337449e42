import { CholeskyDecomposition, Matrix } from "ml-matrix";
import { minimize, type Objective, type Preconditioner } from "./lbfgs.ts";

/** Rows of numbers, packed [n, dims]. */
export interface Rows {
  readonly data: ArrayLike<number>;
  readonly dims: number;
}

/** A trained classifier: the class of each of other rows. */
export type Classify = (rows: Rows) => number[];

/** Told what a reader of the result should know. */
export type Warn = (text: string) => void;

/** `scores` weight vectors and their intercepts, packed [scores, dims + 1]. */
export interface Weights {
  readonly w: Float64Array;
  readonly scores: number;
}

/**
 * The weights where `objective` is lowest, from 0. Its Hessian is about the identity (of the intercept 0, unless
 * `penalizedIntercept`) and `curvature` times the rows' products, whose inverse preconditions the search: z whose
 * dimensions have standard deviations of 0.01 and of 30 takes no more steps than one of 1.
 */
export function fitWeights(
  rows: Rows,
  scores: number,
  objective: Objective,
  { curvature, penalizedIntercept, warn }: FitOptions,
): Weights {
  const inverse = inverseOf(rows, curvature, penalizedIntercept);
  const width = rows.dims + 1;
  const precondition: Preconditioner = (v) => {
    const out = v.slice();
    for (let c = 0; c < scores; c++) inverse(out.subarray(c * width, (c + 1) * width));
    return out;
  };
  const { x, converged } = minimize(objective, new Float64Array(scores * width), precondition);
  if (!converged) warn?.("the classifier's training did not converge");
  return { w: x, scores };
}

export interface FitOptions {
  readonly curvature: number;
  readonly penalizedIntercept: boolean;
  readonly warn?: Warn | undefined;
}

/** w x + b of the row that begins at `at`, for the weights that begin at `from`. */
export function scoreOf(
  w: Float64Array,
  from: number,
  data: ArrayLike<number>,
  at: number,
  dims: number,
): number {
  let sum = w[from + dims]!;
  for (let d = 0; d < dims; d++) sum += w[from + d]! * data[at + d]!;
  return sum;
}

/** The place of the highest score of each row. */
export function highest({ w, scores }: Weights, { data, dims }: Rows): number[] {
  return Array.from({ length: data.length / dims }, (_, i) => {
    let [best, place] = [Number.NEGATIVE_INFINITY, 0];
    for (let c = 0; c < scores; c++) {
      const score = scoreOf(w, c * (dims + 1), data, i * dims, dims);
      if (score > best) [best, place] = [score, c];
    }
    return place;
  });
}

/** Multiplies a vector in place by the inverse of I + `curvature` X'X, a column of ones being X's last. */
function inverseOf({ data, dims }: Rows, curvature: number, penalizedIntercept: boolean) {
  const width = dims + 1;
  const products = new Float64Array(width * width);
  const row = new Float64Array(width).fill(1);
  for (let at = 0; at < data.length; at += dims) {
    for (let d = 0; d < dims; d++) row[d] = data[at + d]!;
    for (let i = 0; i < width; i++) {
      const v = row[i]!;
      if (v !== 0) for (let j = 0; j <= i; j++) products[i * width + j]! += v * row[j]!;
    }
  }
  const matrix = Matrix.zeros(width, width);
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      const penalty = i === j && (i < dims || penalizedIntercept) ? 1 : 0;
      const value = penalty + curvature * products[i * width + j]!;
      matrix.set(i, j, value).set(j, i, value);
    }
  }
  const lower = new CholeskyDecomposition(matrix).lowerTriangularMatrix.to1DArray();
  return (v: Float64Array): void => {
    for (let i = 0; i < width; i++) {
      let sum = v[i]!;
      for (let j = 0; j < i; j++) sum -= lower[i * width + j]! * v[j]!;
      v[i] = sum / lower[i * width + i]!;
    }
    for (let i = width - 1; i >= 0; i--) {
      let sum = v[i]!;
      for (let j = i + 1; j < width; j++) sum -= lower[j * width + i]! * v[j]!;
      v[i] = sum / lower[i * width + i]!;
    }
  };
}
