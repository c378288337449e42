import { formula } from "./formula.ts";

/** What is kept of an array that is too long to keep (test/parity/formula.py). */
export interface Probe {
  readonly size: number;
  /** At places of the formula, or all. */
  readonly values: readonly number[];
  readonly norm: number;
  /** With numbers of the formula in [-1, 1): an error of relative length e moves them by about 0.6 e norm. */
  readonly dots: readonly number[];
}

/** The values of `array` at a probe's places. */
function valuesAt(array: ArrayLike<number>, { values }: Pick<Probe, "values">): number[] {
  const n = array.length;
  if (n === values.length) return Array.from(array);
  return Array.from(formula(values.length, 900), (u) => array[Math.floor(u * n)]!);
}

/**
 * How far `array` is from what was probed: the largest error of a value as a share of the array's root mean square or the
 * value, and the largest error of a dot product as a share of the norm, which is about the whole array's relative error.
 */
export function probeErrors(array: ArrayLike<number>, probe: Probe): { value: number; whole: number } {
  const { size, norm, values, dots } = probe;
  if (array.length !== size) return { value: Number.NaN, whole: Number.NaN };
  const typical = Math.max(norm / Math.sqrt(size), 1e-30);
  const value = Math.max(
    ...valuesAt(array, probe).map(
      (v, i) => Math.abs(v - values[i]!) / Math.max(typical, Math.abs(values[i]!)),
    ),
  );
  const whole = Math.max(
    ...dots.map((dot, j) => {
      const numbers = formula(size, 901 + j);
      let sum = 0;
      for (let k = 0; k < size; k++) sum += array[k]! * (2 * numbers[k]! - 1);
      return Math.abs(sum - dot) / Math.max(norm, 1e-30);
    }),
  );
  return { value, whole };
}
