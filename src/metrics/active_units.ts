import type { PosteriorMetric } from "./define.ts";
import { unitsOf } from "./labelled_means.ts";

/** A unit counts as active above it (Burda et al., arXiv 1509.00519, section 5.2). */
const ACTIVE = 0.01;

/**
 * How many dimensions of z carry something of the images: those whose posterior mean has a variance over the images
 * above 0.01 (Burda et al., arXiv 1509.00519, section 5.2). A categorical variable is one of them, its variance the sum of
 * its probabilities'. `means`: packed [n, dims]; where one is not finite, there is no such number. `widths`: as in
 * `LabelledMeans`.
 */
export const activeUnits = (means: ArrayLike<number>, dims: number, widths?: readonly number[]): number =>
  activeOf(variances(means, dims), widths);

/** As `activeUnits`, of the means' variances. */
export function activeOf(columns: ArrayLike<number>, widths?: readonly number[]): number {
  const found = unitVariances(columns, widths);
  return found.every(Number.isFinite) ? found.filter((v) => v > ACTIVE).length : Number.NaN;
}

/** Variance of each unit of z, by those of the columns of the means. */
export function unitVariances(columns: ArrayLike<number>, widths?: readonly number[]): number[] {
  return unitsOf({ dims: columns.length, ...(widths && { widths }) }).map(({ from, width }) => {
    let sum = 0;
    for (let k = from; k < from + width; k++) sum += columns[k]!;
    return sum;
  });
}

/**
 * The variances of columns of which memory never holds all values: means and sums of squares of batches, joined (Chan, Golub
 * and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979, equation 2.1).
 */
export class ColumnVariances {
  private count = 0;
  private readonly means: Float64Array;
  private readonly squares: Float64Array;

  constructor(private readonly dims: number) {
    this.means = new Float64Array(dims);
    this.squares = new Float64Array(dims);
  }

  /** Takes rows, packed [n, dims]. */
  add(values: ArrayLike<number>): void {
    const { dims, count: before } = this;
    const rows = values.length / dims;
    const squares = variances(values, dims);
    const count = before + rows;
    const sums = new Float64Array(dims);
    for (let i = 0; i < values.length; i++) sums[i % dims]! += values[i]!;
    for (let d = 0; d < dims; d++) {
      const apart = sums[d]! / rows - this.means[d]!;
      this.means[d]! += (apart * rows) / count;
      this.squares[d]! += squares[d]! * rows + (apart * apart * before * rows) / count;
    }
    this.count = count;
  }

  /** Of each column over all rows, divided by their number. */
  variances(): Float64Array {
    return this.squares.map((sum) => sum / this.count);
  }
}

/** Variance of each column of packed [n, dims], divided by n, or by n - `less`. */
export function variances(values: ArrayLike<number>, dims: number, less = 0): Float64Array {
  const count = values.length / dims;
  const [sum, squares] = [new Float64Array(dims), new Float64Array(dims)];
  for (let i = 0; i < values.length; i++) sum[i % dims]! += values[i]!;
  for (let i = 0; i < values.length; i++) squares[i % dims]! += (values[i]! - sum[i % dims]! / count) ** 2;
  return squares.map((s) => s / (count - less));
}

export const activeUnitsMetric: PosteriorMetric = {
  kind: "posterior",
  name: "active_units",
  minImages: 2,
  numbers: {
    active_units: {
      unit: "dimensions",
      better: "higher",
      computed: "dimensions of z whose posterior mean has a variance above 0.01 over the images",
      column: true,
    },
  },
  ofMeans: true,
  compute: ({ means, dims, widths }) => ({ active_units: activeUnits(means, dims, widths) }),
};
