import { Matrix, solve } from "ml-matrix";

/** log f_k(s) of each s, by feature; undefined: one says nothing here. */
export type Features = readonly (Float32Array | undefined)[];

/** What a pool is fitted to: `count` times what was, `truth`, and what the features said, of `codes` possibilities. */
export interface Observations {
  readonly count: number;
  readonly codes: number;
  truth(i: number): number;
  features(i: number): Features;
}

const NEWTON_STEPS = 12;
/** Keeps the weights of features that say nothing near to their first values. */
const RIDGE = 1e-3;

/** The mean of -log p(s) of a pool of these weights, in nats. */
export function crossEntropy(seen: Observations, w: Float32Array): number {
  const p = new Float64Array(seen.codes);
  let sum = 0;
  for (let i = 0; i < seen.count; i++) {
    softmax(seen.features(i), w, p);
    sum -= Math.log(p[seen.truth(i)]!);
  }
  return sum / seen.count;
}

/** The weights of the least cross-entropy, which is convex in them, by Newton's method from `first`. */
export function fitPool(seen: Observations, first: Float32Array): Float32Array {
  let w = first;
  let loss = crossEntropy(seen, w);
  const p = new Float64Array(seen.codes);
  for (let step = 0; step < NEWTON_STEPS; step++) {
    const gradient = new Float64Array(w.length);
    const curvature = Matrix.eye(w.length).mul(RIDGE);
    for (let i = 0; i < seen.count; i++) {
      const found = seen.features(i);
      softmax(found, w, p);
      moments(found, p, seen.truth(i), gradient, curvature, seen.count);
    }
    const move = solve(curvature, Matrix.columnVector(gradient)).to1DArray();
    let [next, better, share] = [w, loss, 1];
    for (; share > 1e-3; share /= 2) {
      next = w.map((v, i) => v + share * move[i]!);
      better = crossEntropy(seen, next);
      if (better < loss) break;
    }
    if (!(better < loss - 1e-6)) break;
    [w, loss] = [next, better];
  }
  return w;
}

/** p = softmax(sum_k w_k f_k). */
export function softmax(features: Features, w: ArrayLike<number>, p: Float64Array): void {
  p.fill(0);
  features.forEach((f, k) => {
    const weight = w[k]!;
    if (f !== undefined && weight !== 0) for (let s = 0; s < p.length; s++) p[s]! += weight * f[s]!;
  });
  let most = Number.NEGATIVE_INFINITY;
  for (let s = 0; s < p.length; s++) if (p[s]! > most) most = p[s]!;
  let sum = 0;
  for (let s = 0; s < p.length; s++) sum += p[s] = Math.exp(p[s]! - most);
  for (let s = 0; s < p.length; s++) p[s]! /= sum;
}

/** Adds to the gradient f(true) - E f and to the curvature Cov f, each over `count`. */
function moments(
  features: Features,
  p: Float64Array,
  truth: number,
  gradient: Float64Array,
  curvature: Matrix,
  count: number,
): void {
  const means = features.map((f) => {
    let mean = 0;
    if (f !== undefined) for (let s = 0; s < p.length; s++) mean += p[s]! * f[s]!;
    return mean;
  });
  features.forEach((f, i) => {
    if (f === undefined) return;
    gradient[i]! += (f[truth]! - means[i]!) / count;
    for (let j = 0; j <= i; j++) {
      const g = features[j];
      if (g === undefined) continue;
      let product = 0;
      for (let s = 0; s < p.length; s++) product += p[s]! * f[s]! * g[s]!;
      const value = (product - means[i]! * means[j]!) / count;
      curvature.set(i, j, curvature.get(i, j) + value);
      if (i !== j) curvature.set(j, i, curvature.get(j, i) + value);
    }
  });
}
