import { expect } from "vitest";

/** Largest difference allowed, as a share of the largest value (at least 1). */
const TOLERANCE = 1e-5;

/** Values of a kernel beside the reference's; what is not finite must be the same. */
export function expectClose(got: Float32Array, reference: Float32Array, what: string): void {
  const finite = reference.filter(Number.isFinite);
  const limit = TOLERANCE * finite.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  got.forEach((value, i) => {
    const expected = reference[i]!;
    if (Object.is(value, expected)) return;
    if (!(Math.abs(value - expected) <= limit)) expect(value, `${what}, element ${i}`).toBe(expected);
  });
}
