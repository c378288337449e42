import { CholeskyDecomposition, Matrix } from "ml-matrix";

/** A mixture of K Gaussians with full covariances over D dimensions. */
export interface Mixture {
  readonly dims: number;
  /** [K], which add up to 1. */
  readonly weights: Float64Array;
  /** Packed [K, D]. */
  readonly means: Float64Array;
  /** Packed [K, D, D]. */
  readonly covariances: Float64Array;
}

/** With each covariance's Cholesky factor L = LL', and what follows of it. */
export interface Factored extends Mixture {
  /** Lower triangular L, packed [K, D, D]. */
  readonly lower: Float64Array;
  /** Its inverse. */
  readonly inverse: Float64Array;
  /** log w_k - D/2 log 2 pi - log det L_k, [K]. */
  readonly logScale: Float64Array;
}

export interface EmOptions {
  /** Added to the diagonals of covariances. */
  readonly regularization: number;
  /** Stops when the mean log-likelihood rises by less, in nats. */
  readonly tolerance: number;
  readonly maxIterations: number;
  progress?(done: number, total: number): void;
}

/** The factors of a mixture. @throws RangeError where a covariance is not finite, or not positive definite */
export function factored(mixture: Mixture): Factored {
  const { dims, weights, covariances } = mixture;
  const size = dims * dims;
  const lower = new Float64Array(covariances.length);
  const inverse = new Float64Array(covariances.length);
  const logScale = Float64Array.from(weights, (w) => Math.log(w) - (dims / 2) * Math.log(2 * Math.PI));
  for (let k = 0; k < weights.length; k++) {
    const own = covariances.subarray(k * size, (k + 1) * size);
    if (!own.every(Number.isFinite)) throw new RangeError(`the covariance of component ${k} is not finite`);
    const covariance = Matrix.from1DArray(dims, dims, own);
    const decomposed = new CholeskyDecomposition(covariance);
    if (!decomposed.isPositiveDefinite())
      throw new RangeError(`the covariance of component ${k} is not positive definite`);
    const l = decomposed.lowerTriangularMatrix.to1DArray();
    lower.set(l, k * size);
    invert(l, dims, inverse.subarray(k * size, (k + 1) * size));
    for (let d = 0; d < dims; d++) logScale[k]! -= Math.log(l[d * dims + d]!);
  }
  return { ...mixture, lower, inverse, logScale };
}

/** Of a lower triangular matrix, by forward substitution. */
function invert(l: readonly number[], dims: number, out: Float64Array): void {
  for (let column = 0; column < dims; column++) {
    for (let i = column; i < dims; i++) {
      let sum = i === column ? 1 : 0;
      for (let j = column; j < i; j++) sum -= l[i * dims + j]! * out[j * dims + column]!;
      out[i * dims + column] = sum / l[i * dims + i]!;
    }
  }
}

/** Rows that are taken together: each number of a matrix is then loaded once for all of them, and their sums do not wait for each other. */
const ROWS = 4;

/**
 * log p of each row of `x`, packed [n, D], in nats, by log-sum-exp over components.
 *
 * @param responsibilities gets p(k | x), packed [n, K]
 */
export function logDensity(m: Factored, x: ArrayLike<number>, responsibilities?: Float64Array): Float64Array {
  const k = m.logScale.length;
  const count = x.length / m.dims;
  const joint = new Float64Array(k * count);
  for (let c = 0; c < k; c++) logJoint(m, c, x, joint.subarray(c * count, (c + 1) * count));
  const out = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    let highest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < k; c++) highest = Math.max(highest, joint[c * count + n]!);
    let sum = 0;
    for (let c = 0; c < k; c++) sum += Math.exp(joint[c * count + n]! - highest);
    out[n] = highest + Math.log(sum);
    if (responsibilities)
      for (let c = 0; c < k; c++) responsibilities[n * k + c] = Math.exp(joint[c * count + n]! - out[n]!);
  }
  return out;
}

/** log of weight and density of component c at each row of `x`: its scale less |L^-1 (x - mu)|² / 2. */
function logJoint(
  { dims, means, inverse, logScale }: Factored,
  c: number,
  x: ArrayLike<number>,
  out: Float64Array,
): void {
  const centred = new Float64Array(dims * ROWS); // of ROWS rows, dimension by dimension
  for (let n = 0; n < out.length; n += ROWS) {
    const rows = Math.min(ROWS, out.length - n);
    for (let r = 0; r < rows; r++)
      for (let d = 0; d < dims; d++) centred[d * ROWS + r] = x[(n + r) * dims + d]! - means[c * dims + d]!;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let i = 0, at = c * dims * dims; i < dims; i++, at += dims) {
      let y0 = 0;
      let y1 = 0;
      let y2 = 0;
      let y3 = 0;
      for (let j = 0, row = 0; j <= i; j++, row += ROWS) {
        const w = inverse[at + j]!;
        y0 += w * centred[row]!;
        y1 += w * centred[row + 1]!;
        y2 += w * centred[row + 2]!;
        y3 += w * centred[row + 3]!;
      }
      s0 += y0 * y0;
      s1 += y1 * y1;
      s2 += y2 * y2;
      s3 += y3 * y3;
    }
    const squares = [s0, s1, s2, s3];
    for (let r = 0; r < rows; r++) out[n + r] = logScale[c]! - squares[r]! / 2;
  }
}

/** The mixture of highest likelihood for given responsibilities, packed [n, K] (the M step). */
export function mixtureOf(
  x: ArrayLike<number>,
  dims: number,
  responsibilities: Float64Array,
  regularization: number,
): Mixture {
  const count = x.length / dims;
  const k = responsibilities.length / count;
  const weights = new Float64Array(k);
  const means = new Float64Array(k * dims);
  const covariances = new Float64Array(k * dims * dims);
  for (let c = 0; c < k; c++) {
    let total = 10 * Number.EPSILON; // a component without rows has no mean of them
    for (let n = 0; n < count; n++) total += responsibilities[n * k + c]!;
    const mean = means.subarray(c * dims, (c + 1) * dims);
    for (let n = 0; n < count; n++) {
      const r = responsibilities[n * k + c]! / total;
      if (r > 0) for (let d = 0; d < dims; d++) mean[d]! += r * x[n * dims + d]!;
    }
    const covariance = covariances.subarray(c * dims * dims, (c + 1) * dims * dims);
    const share = (n: number) => responsibilities[n * k + c]! / total;
    addOuterProducts(x, mean, share, covariance);
    for (let i = 0; i < dims; i++) {
      for (let j = 0; j < i; j++) covariance[j * dims + i] = covariance[i * dims + j]!;
      covariance[i * dims + i]! += regularization;
    }
    weights[c] = total;
  }
  const sum = weights.reduce((a, b) => a + b);
  return { dims, weights: weights.map((w) => w / sum), means, covariances };
}

/** Adds share(n) (x_n - mean)(x_n - mean)' of each row, the lower triangle alone, to `out`, packed [D, D]. */
function addOuterProducts(
  x: ArrayLike<number>,
  mean: Float64Array,
  share: (row: number) => number,
  out: Float64Array,
): void {
  const dims = mean.length;
  const centred = new Float64Array(dims * ROWS);
  const weights = new Float64Array(ROWS);
  let filled = 0;
  const add = () => {
    const [w0, w1, w2, w3] = weights as unknown as readonly [number, number, number, number];
    for (let i = 0; i < dims; i++) {
      const v0 = w0 * centred[i * ROWS]!;
      const v1 = w1 * centred[i * ROWS + 1]!;
      const v2 = w2 * centred[i * ROWS + 2]!;
      const v3 = w3 * centred[i * ROWS + 3]!;
      for (let j = 0, row = 0, at = i * dims; j <= i; j++, row += ROWS, at++) {
        const more =
          v0 * centred[row]! + v1 * centred[row + 1]! + (v2 * centred[row + 2]! + v3 * centred[row + 3]!);
        out[at] = out[at]! + more;
      }
    }
    filled = 0;
    weights.fill(0);
  };
  for (let n = 0; n < x.length / dims; n++) {
    const weight = share(n);
    if (weight < 1e-12) continue; // below what a double holds of the sum
    weights[filled] = weight;
    for (let d = 0; d < dims; d++) centred[d * ROWS + filled] = x[n * dims + d]! - mean[d]!;
    if (++filled === ROWS) add();
  }
  if (filled > 0) add();
}

/**
 * Expectation maximization from `initial` (Dempster, Laird and Rubin 1977), until the mean log-likelihood of the rows of
 * `x`, packed [n, D], rises by less than the tolerance.
 */
export function expectationMaximization(
  x: ArrayLike<number>,
  initial: Mixture,
  { regularization, tolerance, maxIterations, progress }: EmOptions,
): { mixture: Factored; iterations: number; logLikelihood: number; converged: boolean } {
  const { dims } = initial;
  const responsibilities = new Float64Array((x.length / dims) * initial.weights.length);
  let mixture = factored(initial);
  let before = Number.NEGATIVE_INFINITY;
  for (let iterations = 1; ; iterations++) {
    const logs = logDensity(mixture, x, responsibilities);
    const logLikelihood = logs.reduce((a, b) => a + b) / logs.length; // of the mixture before this M step
    mixture = factored(mixtureOf(x, dims, responsibilities, regularization));
    progress?.(iterations, maxIterations);
    const converged = Math.abs(logLikelihood - before) < tolerance;
    if (converged || iterations >= maxIterations) return { mixture, iterations, logLikelihood, converged };
    before = logLikelihood;
  }
}
