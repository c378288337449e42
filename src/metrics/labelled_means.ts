/** The posterior means of labelled images. */
export interface LabelledMeans {
  /** Packed [n, dims]. */
  readonly means: Float32Array;
  readonly dims: number;
  /** Columns of each unit of z, one after the other: K of a categorical variable of K values; left out: 1 each. */
  readonly widths?: readonly number[];
  /** Labels as whole numbers from 0 on, packed [n, factors]. */
  readonly labels: Int32Array;
  readonly factors: number;
  /** n. */
  readonly count: number;
}

/** Means for training what a metric trains, and others for testing it. */
export interface MeanSplits {
  readonly train: LabelledMeans;
  readonly test: LabelledMeans;
}

/** The units of z, dimensions and categorical variables, as the columns that are theirs. */
export function unitsOf({
  dims,
  widths = Array<number>(dims).fill(1),
}: Pick<LabelledMeans, "dims" | "widths">) {
  let from = 0;
  return widths.map((width) => {
    const unit = { from, width };
    from += width;
    return unit;
  });
}

/** The columns of one unit of all means, packed [n, width]. */
export function columnsOf({ means, dims, count }: LabelledMeans, { from, width }: Unit): Float32Array {
  return Float32Array.from(
    { length: count * width },
    (_, i) => means[Math.floor(i / width) * dims + from + (i % width)]!,
  );
}

export type Unit = ReturnType<typeof unitsOf>[number];

/** One factor's labels, [n]. */
export function factor({ labels, factors, count }: LabelledMeans, f: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => labels[i * factors + f]!);
}

/** The means of the same images whose labels are those of `chosen` alone. */
export function selectFactors(latents: LabelledMeans, chosen: readonly number[]): LabelledMeans {
  const { labels, factors, count } = latents;
  const kept = Int32Array.from(
    { length: count * chosen.length },
    (_, k) => labels[Math.floor(k / chosen.length) * factors + chosen[k % chosen.length]!]!,
  );
  return { ...latents, labels: kept, factors: chosen.length };
}

/** 0 … `count` - 1. */
export const indices = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** The share of places where `a` and `b` are equal. */
export function accuracy(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let right = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) right++;
  return right / a.length;
}

/** Labels as 0 … k - 1 by the order of the values that `train` has; -1 for others. */
export function classesOf(train: ArrayLike<number>): { values: number[]; of(label: number): number } {
  const values = [...new Set(Array.from(train))].sort((a, b) => a - b);
  const places = new Map(values.map((v, i) => [v, i]));
  return { values, of: (label) => places.get(label) ?? -1 };
}
