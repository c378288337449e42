import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { expectationMaximization, logDensity } from "../../src/samplers/gaussian_mixture.ts";
import { numbersOfMixture } from "../../src/samplers/gmm.ts";
import { formula } from "../support/formula.ts";

interface Reference {
  readonly iterations: number;
  readonly lower_bound: number;
  readonly weights: readonly number[];
  readonly means: readonly number[];
  readonly covariances: readonly number[];
  readonly log_density: readonly number[];
  readonly bic: number;
}

/** Made by mixture.py; the rows below are made by the same formula there. */
const golden = JSON.parse(readFileSync(new URL("mixture.json", import.meta.url), "utf8")) as Record<
  string,
  Reference
>;
const [ROWS, DIMS, COMPONENTS] = [240, 4, 3];

function rowsOf(): Float64Array {
  const x = formula(ROWS * DIMS, 61).map((u) => 2 * u - 1);
  for (let n = 0; n < ROWS; n++) {
    const group = n % COMPONENTS;
    x[n * DIMS + 1]! += (group - 1) * x[n * DIMS]!;
    [1, -0.5, 0.25, 0].forEach((shift, d) => {
      x[n * DIMS + d]! += group * shift;
    });
  }
  return x;
}

const close = (got: ArrayLike<number>, expected: readonly number[]) => {
  expect(got.length).toBe(expected.length);
  for (const [i, e] of expected.entries()) expect(got[i]!, `${i}`).toBeCloseTo(e, 8);
};

it.each([
  ["five", { maxIterations: 5, tolerance: 0, regularization: 1e-6 }],
  ["converged", { maxIterations: 500, tolerance: 1e-3, regularization: 1e-6 }],
  ["regularized", { maxIterations: 20, tolerance: 0, regularization: 0.1 }],
] as const)("a Gaussian mixture from the same beginning is scikit-learn's: %s", (name, options) => {
  const expected = golden[name]!;
  const x = rowsOf();
  const identity = Float64Array.from({ length: DIMS * DIMS }, (_, i) => (i % (DIMS + 1) === 0 ? 1 : 0));
  const { mixture, iterations, logLikelihood } = expectationMaximization(
    x,
    {
      dims: DIMS,
      weights: new Float64Array(COMPONENTS).fill(1 / COMPONENTS),
      means: x.slice(0, COMPONENTS * DIMS),
      covariances: Float64Array.from(
        { length: COMPONENTS * DIMS * DIMS },
        (_, i) => identity[i % (DIMS * DIMS)]!,
      ),
    },
    options,
  );
  expect(iterations).toBe(expected.iterations);
  expect(logLikelihood).toBeCloseTo(expected.lower_bound, 9);
  close(mixture.weights, expected.weights);
  close(mixture.means, expected.means);
  close(mixture.covariances, expected.covariances);
  const logs = logDensity(mixture, x);
  close(logs.slice(0, 8), expected.log_density);
  const bic = numbersOfMixture(COMPONENTS, DIMS) * Math.log(ROWS) - 2 * logs.reduce((a, b) => a + b);
  expect(bic).toBeCloseTo(expected.bic, 5);
});
