import { expect, it } from "vitest";
import { isFiniteStep, notFinite } from "../../../src/experiment/training/not_finite.ts";

it("tells a gradient that is not finite from a loss that is not", () => {
  const gradient = { total: 2, terms: { kl: 1 }, scalars: {}, gradNorm: Infinity };
  expect(isFiniteStep(gradient)).toBe(false);
  expect(notFinite(7, gradient, 0.001)).toBe(
    "step 7: the gradient is no longer finite: kl 1, total 2, gradient_norm Infinity, learning_rate 0.001",
  );
  expect(notFinite(7, { ...gradient, total: Number.NaN }, 0.001)).toMatch(/^step 7: the loss is no longer/);
});
