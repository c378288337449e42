import { expect, it } from "vitest";
import { frechetDistance, Moments } from "../../src/metrics/frechet.ts";

const of = (...vectors: number[][]) => {
  const moments = new Moments(vectors[0]!.length);
  moments.add(vectors.flat());
  return moments;
};

it("of two vectors, of dimensions that don't vary, and of sets without any variance is what the formula gives", () => {
  // Means (1, 0) and (1, 3), variances (2, 0) and (8, 0): 9 + 2 + 8 - 2 sqrt(2 8).
  expect(frechetDistance(of([0, 0], [2, 0]), of([-1, 3], [3, 3]))).toBeCloseTo(11, 10);
  expect(frechetDistance(of([1, 2], [1, 2]), of([4, 6], [4, 6]))).toBeCloseTo(25, 10);
});

it("is no number where a vector has none", () => {
  expect(frechetDistance(of([0, Number.NaN], [2, 0]), of([-1, 3], [3, 3]))).toBeNaN();
});
