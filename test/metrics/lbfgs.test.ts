import { expect, it } from "vitest";
import { minimize } from "../../src/metrics/lbfgs.ts";
import { fitWeights } from "../../src/metrics/linear_classifier.ts";

/** 1 + half the sum of curvatures times squared distances from 3. */
const quadratic = (curvatures: readonly number[]) => (x: Float64Array, gradient: Float64Array) =>
  curvatures.reduce((sum, c, i) => {
    gradient[i] = c * (x[i]! - 3);
    return sum + 0.5 * c * (x[i]! - 3) ** 2;
  }, 1);

it("finds the lowest point, and by a preconditioner at once in any scale", () => {
  const curvatures = [1e-6, 1, 1e6, 1e9];
  const start = new Float64Array(4);
  const inverse = (v: Float64Array) => v.map((g, i) => g / curvatures[i]!);
  const { x, converged } = minimize(quadratic(curvatures), start, inverse, 3);
  expect(converged).toBe(true);
  for (const v of x) expect(v).toBeCloseTo(3, 6);
});

it("says where it did not get there", () => {
  const curvatures = [1e-4, 1, 1e4];
  const start = new Float64Array(3);
  const same = (v: Float64Array) => v.slice();
  expect(minimize(quadratic(curvatures), start, same, 4).converged).toBe(false);
  const found = minimize(quadratic(curvatures), start, same, 500);
  expect(found.converged).toBe(true);
  expect(found.x[2]).toBeCloseTo(3, 6);
});

it("a classifier's training says so too", () => {
  const rows = { data: [0, 1, 2], dims: 1 };
  const options = { curvature: 1, penalizedIntercept: true };
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  fitWeights(rows, 1, quadratic([1, 1]), { ...options, warn });
  expect(warnings).toEqual([]);
  const uphill = (x: Float64Array, gradient: Float64Array) => {
    const value = quadratic([1, 1])(x, gradient);
    for (let i = 0; i < gradient.length; i++) gradient[i]! *= -1;
    return value;
  };
  fitWeights(rows, 1, uphill, { ...options, warn });
  expect(warnings).toEqual(["the classifier's training did not converge"]);
});
