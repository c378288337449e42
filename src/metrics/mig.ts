import { type FactorMetric, share } from "./define.ts";
import { columnsOf, factor, indices, type LabelledMeans, unitsOf } from "./labelled_means.ts";

/** Bins of a dimension's range, as in disentanglement_lib. */
const BINS = 20;

/**
 * The mutual information gap, from 0 to 1: for each factor, the mutual information of the dimension that has most of
 * it less that of the second, divided by the factor's entropy; the mean over factors (Chen et al., "Isolating sources
 * of disentanglement in VAEs", arXiv 1802.04942, eq. 6). Dimensions are posterior means in 20 bins of equal width, as
 * in disentanglement_lib, and of a categorical variable its most probable value. `latents` has two dimensions or more;
 * every factor takes two values or more.
 */
export function mutualInformationGap(latents: LabelledMeans): number {
  const binned = unitsOf(latents).map((unit) => {
    const values = columnsOf(latents, unit);
    return unit.width === 1 ? inBins(values) : highestOf(values, unit.width);
  });
  const gaps = indices(latents.factors).map((f) => {
    const labels = factor(latents, f);
    const [first, second] = binned.map((b) => mutualInformation(b, labels)).sort((a, b) => b - a);
    return (first! - second!) / mutualInformation(labels, labels);
  });
  return gaps.reduce((a, b) => a + b) / gaps.length;
}

/**
 * The number of each value's bin, of `BINS` between the lowest and the highest; a value on an edge is in the upper one.
 * Edges are computed in 32 bits, as numpy's histogram of such values does it.
 */
function inBins(values: Float32Array): Int32Array {
  const [low, high] = [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
  if (low === high) return new Int32Array(values.length);
  const width = Math.fround(Math.fround(high - low) / BINS);
  const edges = indices(BINS).map((k) => Math.fround(low + Math.fround(k * width)));
  return Int32Array.from(values, (v) => edges.findLastIndex((edge) => v >= edge));
}

/** The place of the highest number of each row, packed [n, width]. */
function highestOf(rows: Float32Array, width: number): Int32Array {
  return Int32Array.from({ length: rows.length / width }, (_, n) => {
    const row = rows.subarray(n * width, (n + 1) * width);
    return row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  });
}

/** Of two discrete variables, from their joint frequencies, in nats. */
function mutualInformation(a: Int32Array, b: Int32Array): number {
  const [pa, pb, joint] = [new Map<number, number>(), new Map<number, number>(), new Map<string, number>()];
  const count = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1);
  for (let i = 0; i < a.length; i++) {
    count(pa, a[i]!);
    count(pb, b[i]!);
    count(joint, `${a[i]} ${b[i]}`);
  }
  let sum = 0;
  for (const [key, n] of joint) {
    const [x, y] = key.split(" ").map(Number);
    sum += n * Math.log((n * a.length) / (pa.get(x!)! * pb.get(y!)!));
  }
  return sum / a.length;
}

export const migMetric: FactorMetric = {
  kind: "factors",
  name: "mig",
  trains: false,
  factors: 1,
  dims: 2,
  numbers: { mig: share("mutual information gap of the two dimensions of z that tell most of a factor") },
  compute: ({ test }) => ({ mig: mutualInformationGap(test) }),
};
