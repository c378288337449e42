import type { Rng } from "../rng.ts";

/** Rounds of Lloyd's at most. */
const ROUNDS = 100;

/**
 * The cluster of each row of `x`, packed [n, D], of `k`: Lloyd's algorithm from centres by k-means++ (Arthur and
 * Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007). Clusters may end up empty where rows are
 * alike.
 */
export function kMeans(x: Float32Array, dims: number, k: number, rng: Rng): Int32Array {
  const centres = seeded(x, dims, k, rng);
  const labels = new Int32Array(x.length / dims).fill(-1);
  for (let round = 0; round < ROUNDS && assign(x, dims, centres, labels); round++)
    move(x, dims, centres, labels);
  return labels;
}

/** k rows, packed [k, D], each drawn by its squared distance to the nearest of those before. */
function seeded(x: Float32Array, dims: number, k: number, rng: Rng): Float64Array {
  const count = x.length / dims;
  const centres = new Float64Array(k * dims);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const u = rng.uniformArray(k);
  for (let c = 0; c < k; c++) {
    const total = c === 0 ? 0 : nearest.reduce((a, b) => a + b);
    let [place, left] = [Math.floor(u[c]! * count), u[c]! * total];
    if (total > 0) {
      place = 0;
      while (place < count - 1 && left >= nearest[place]!) left -= nearest[place++]!;
    }
    for (let d = 0; d < dims; d++) centres[c * dims + d] = x[place * dims + d]!;
    for (let n = 0; n < count; n++) nearest[n] = Math.min(nearest[n]!, distance(x, n, centres, c, dims));
  }
  return centres;
}

/** Gives each row its nearest centre; whether one changed. */
function assign(x: Float32Array, dims: number, centres: Float64Array, labels: Int32Array): boolean {
  let changed = false;
  for (let n = 0; n < labels.length; n++) {
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let c = 0; c < centres.length / dims; c++) {
      const away = distance(x, n, centres, c, dims);
      if (away < least) [best, least] = [c, away];
    }
    changed ||= labels[n] !== best;
    labels[n] = best;
  }
  return changed;
}

/** Moves each centre to the mean of its rows; one without rows stays. */
function move(x: Float32Array, dims: number, centres: Float64Array, labels: Int32Array): void {
  const sums = new Float64Array(centres.length);
  const counts = new Float64Array(centres.length / dims);
  for (let n = 0; n < labels.length; n++) {
    const c = labels[n]!;
    counts[c]!++;
    for (let d = 0; d < dims; d++) sums[c * dims + d]! += x[n * dims + d]!;
  }
  for (let i = 0; i < centres.length; i++) {
    const count = counts[Math.floor(i / dims)]!;
    if (count > 0) centres[i] = sums[i]! / count;
  }
}

function distance(x: Float32Array, n: number, centres: Float64Array, c: number, dims: number): number {
  let sum = 0;
  for (let d = 0; d < dims; d++) sum += (x[n * dims + d]! - centres[c * dims + d]!) ** 2;
  return sum;
}
