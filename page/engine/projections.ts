import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { UMAP } from "umap-js";
import { Rng } from "../../src/rng.ts";

/** Random numbers drawn at a time. */
const BLOCK = 4096;

/** Rows of `points`, packed [N, D], on their first two principal components, packed [N, 2]. */
export function principalComponents(points: Float32Array, dims: number): Float32Array {
  const count = points.length / dims;
  const plane = new Float32Array(count * 2);
  if (dims === 1) {
    points.forEach((x, n) => {
      plane[2 * n] = x;
    });
    return plane;
  }
  const mean = new Float64Array(dims);
  for (let i = 0; i < points.length; i++) mean[i % dims]! += points[i]! / count;
  const covariance = Matrix.zeros(dims, dims);
  for (let n = 0; n < count; n++)
    for (let i = 0; i < dims; i++) {
      const x = points[n * dims + i]! - mean[i]!;
      for (let j = 0; j <= i; j++)
        covariance.set(i, j, covariance.get(i, j) + (x * (points[n * dims + j]! - mean[j]!)) / count);
    }
  for (let i = 0; i < dims; i++) for (let j = 0; j < i; j++) covariance.set(j, i, covariance.get(i, j));
  const { eigenvectorMatrix } = new EigenvalueDecomposition(covariance, { assumeSymmetric: true }); // rising
  for (let axis = 0; axis < 2; axis++) {
    const direction = eigenvectorMatrix.getColumn(dims - 1 - axis);
    for (let n = 0; n < count; n++)
      plane[2 * n + axis] = direction.reduce((sum, v, i) => sum + v * (points[n * dims + i]! - mean[i]!), 0);
  }
  return plane;
}

/** Rows of `points`, packed [N, D], in the plane by UMAP (arXiv 1802.03426), packed [N, 2]; always the same. */
export async function umap(points: Float32Array, dims: number): Promise<Float32Array> {
  if (points.length <= dims) return principalComponents(points, dims); // one has no neighbours
  const rows = Array.from({ length: points.length / dims }, (_, n) => [
    ...points.subarray(n * dims, (n + 1) * dims),
  ]);
  const rng = Rng.fromSeed(1).fold("umap");
  let [drawn, at, blocks]: [Float32Array, number, number] = [new Float32Array(), 0, 0];
  const random = () => {
    if (at >= drawn.length) [drawn, at] = [rng.fold(blocks++).uniformArray(BLOCK), 0];
    return drawn[at++]!;
  };
  const found = await new UMAP({ random, nNeighbors: Math.min(15, rows.length - 1) }).fitAsync(rows);
  return Float32Array.from(found.flat());
}
