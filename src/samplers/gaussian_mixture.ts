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

/**
 * log p of each row of `x`, packed [n, D], in nats, by log-sum-exp over components.
 *
 * @param responsibilities gets p(k | x), packed [n, K]
 */
export function logDensity(m: Factored, x: ArrayLike<number>, responsibilities?: Float64Array): Float64Array {
  const { dims, means, inverse, logScale } = m;
  const k = logScale.length;
  const out = new Float64Array(x.length / dims);
  const joint = new Float64Array(k);
  const centred = new Float64Array(dims);
  for (let n = 0; n < out.length; n++) {
    let highest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < k; c++) {
      for (let d = 0; d < dims; d++) centred[d] = x[n * dims + d]! - means[c * dims + d]!;
      let square = 0;
      for (let i = 0, at = c * dims * dims; i < dims; i++, at += dims) {
        let y = 0;
        for (let j = 0; j <= i; j++) y += inverse[at + j]! * centred[j]!;
        square += y * y;
      }
      joint[c] = logScale[c]! - square / 2;
      if (joint[c]! > highest) highest = joint[c]!;
    }
    let sum = 0;
    for (let c = 0; c < k; c++) sum += Math.exp(joint[c]! - highest);
    out[n] = highest + Math.log(sum);
    if (responsibilities)
      for (let c = 0; c < k; c++) responsibilities[n * k + c] = Math.exp(joint[c]! - out[n]!);
  }
  return out;
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
  const centred = new Float64Array(dims);
  for (let c = 0; c < k; c++) {
    let total = 10 * Number.EPSILON; // a component without rows has no mean of them
    for (let n = 0; n < count; n++) total += responsibilities[n * k + c]!;
    const mean = means.subarray(c * dims, (c + 1) * dims);
    for (let n = 0; n < count; n++) {
      const r = responsibilities[n * k + c]! / total;
      if (r > 0) for (let d = 0; d < dims; d++) mean[d]! += r * x[n * dims + d]!;
    }
    const covariance = covariances.subarray(c * dims * dims, (c + 1) * dims * dims);
    for (let n = 0; n < count; n++) {
      const r = responsibilities[n * k + c]! / total;
      if (r < 1e-12) continue; // below what a double holds of the sum
      for (let d = 0; d < dims; d++) centred[d] = x[n * dims + d]! - mean[d]!;
      for (let i = 0; i < dims; i++) {
        const v = r * centred[i]!;
        for (let j = 0; j <= i; j++) covariance[i * dims + j]! += v * centred[j]!;
      }
    }
    for (let i = 0; i < dims; i++) {
      for (let j = 0; j < i; j++) covariance[j * dims + i] = covariance[i * dims + j]!;
      covariance[i * dims + i]! += regularization;
    }
    weights[c] = total;
  }
  const sum = weights.reduce((a, b) => a + b);
  return { dims, weights: weights.map((w) => w / sum), means, covariances };
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
