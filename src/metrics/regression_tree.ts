import { indices } from "./codes.ts";
import type { Rows } from "./linear_svm.ts";

/** Values closer than this are not split between, and variance below it is none: scikit-learn's limits. */
const SAME_VALUE = 1e-7;
const NO_VARIANCE = 2 ** -52;

/** Rows and, for each dimension, their order by its value. */
export interface Presorted extends Rows {
  readonly count: number;
  readonly orders: readonly Int32Array[];
}

export function presort({ data, dims }: Rows): Presorted {
  const count = data.length / dims;
  const orders = indices(dims).map((d) => {
    const values = Float64Array.from({ length: count }, (_, i) => data[i * dims + d]!);
    return Int32Array.from({ length: count }, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  });
  return { data, dims, count, orders };
}

export type TreeNode =
  | { readonly value: number }
  | { readonly dim: number; readonly threshold: number; readonly low: TreeNode; readonly high: TreeNode };

export interface Tree {
  readonly root: TreeNode;
  /** Reduction of variance by each dimension's splits, as a share of the rows. */
  readonly gains: Float64Array;
  /** The tree's value of each row that it was grown on. */
  readonly leafOf: Float64Array;
}

/**
 * A regression tree of at most `depth` levels of splits, each where the variance of `target` is reduced most
 * (Breiman et al., "Classification and regression trees", 1984, 8.4). `leaf` gives the value of a leaf's rows.
 */
export function growTree(
  rows: Presorted,
  target: Float64Array,
  depth: number,
  leaf: (members: Int32Array) => number,
): Tree {
  const gains = new Float64Array(rows.dims);
  const leafOf = new Float64Array(rows.count);
  const end = (members: Int32Array): TreeNode => {
    const value = leaf(members);
    for (const i of members) leafOf[i] = value;
    return { value };
  };
  /** `orders`: the members by each dimension. */
  const grow = (orders: readonly Int32Array[], left: number): TreeNode => {
    const split = left > 0 ? bestSplit(rows, orders, target) : undefined;
    if (split === undefined) return end(orders[0]!);
    const { dim, threshold, gain } = split;
    gains[dim]! += gain / rows.count;
    const below = (i: number) => rows.data[i * rows.dims + dim]! <= threshold;
    const side = (keep: (i: number) => boolean) => orders.map((order) => order.filter(keep));
    return {
      dim,
      threshold,
      low: grow(side(below), left - 1),
      high: grow(
        side((i) => !below(i)),
        left - 1,
      ),
    };
  };
  return { root: grow(rows.orders, depth), gains, leafOf };
}

/** A tree's value of the row that begins at `at`. */
export function valueAt(node: TreeNode, data: ArrayLike<number>, at: number): number {
  let here = node;
  while ("dim" in here) here = data[at + here.dim]! <= here.threshold ? here.low : here.high;
  return here.value;
}

/** The split with the largest n_l n_r / n (mean_l - mean_r)^2; undefined where there is nothing to split. */
function bestSplit({ data, dims }: Rows, orders: readonly Int32Array[], target: Float64Array) {
  const members = orders[0]!;
  const n = members.length;
  let [sum, squares] = [0, 0];
  for (const i of members) {
    sum += target[i]!;
    squares += target[i]! ** 2;
  }
  if (n < 2 || squares / n - (sum / n) ** 2 <= NO_VARIANCE) return undefined;
  let best: { dim: number; threshold: number; gain: number } | undefined;
  for (let dim = 0; dim < dims; dim++) {
    const order = orders[dim]!;
    let before = 0;
    let here = data[order[0]! * dims + dim]!;
    for (let k = 1; k < n; k++) {
      before += target[order[k - 1]!]!;
      const next = data[order[k]! * dims + dim]!;
      if (next > here + SAME_VALUE) {
        const difference = before / k - (sum - before) / (n - k);
        const gain = ((k * (n - k)) / n) * difference * difference;
        if (gain > (best?.gain ?? 0)) best = { dim, threshold: here / 2 + next / 2, gain };
      }
      here = next;
    }
  }
  return best;
}
