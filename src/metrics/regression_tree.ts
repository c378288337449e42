import { indices } from "./labelled_means.ts";
import type { Rows } from "./linear_classifier.ts";

/** Values closer than this are not split between, and variance below it is none: scikit-learn's limits. */
const SAME_VALUE = 1e-7;
const NO_VARIANCE = 2 ** -52;
/** Two splits of the same rows differ by so much at most, as shares, by rounding alone. */
const ROUNDING = 1e-10;

/** Rows by dimension: each one's values, and the rows' order by them. */
export interface Presorted {
  readonly count: number;
  readonly columns: readonly Float64Array[];
  readonly orders: readonly Int32Array[];
}

export function presort({ data, dims }: Rows): Presorted {
  const count = data.length / dims;
  const columns = indices(dims).map((d) =>
    Float64Array.from({ length: count }, (_, i) => data[i * dims + d]!),
  );
  const orders = columns.map((values) =>
    Int32Array.from({ length: count }, (_, i) => i).sort((a, b) => values[a]! - values[b]!),
  );
  return { count, columns, orders };
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
 *
 * Where dimensions reduce it alike (one is a copy of the other, or follows it), `pick` chooses the one that splits, a
 * number below how many they are, and all get the same share of the gain: what scikit-learn, whose trees look at
 * dimensions in a random order, gives them on average.
 */
export function growTree(
  rows: Presorted,
  target: Float64Array,
  depth: number,
  leaf: (members: Int32Array) => number,
  pick: (count: number) => number,
): Tree {
  const gains = new Float64Array(rows.columns.length);
  const leafOf = new Float64Array(rows.count);
  const isBelow = new Uint8Array(rows.count);
  const end = (members: Int32Array): TreeNode => {
    const value = leaf(members);
    for (const i of members) leafOf[i] = value;
    return { value };
  };
  /** `orders`: the members by each dimension. */
  const grow = (orders: readonly Int32Array[], left: number): TreeNode => {
    const splits = left > 0 ? bestSplits(rows, orders, target) : [];
    if (splits.length === 0) return end(orders[0]!);
    for (const { dim, gain } of splits) gains[dim]! += gain / rows.count / splits.length;
    const { dim, threshold } = splits[pick(splits.length)]!;
    const values = rows.columns[dim]!;
    let below = 0;
    for (const i of orders[0]!) {
      isBelow[i] = values[i]! <= threshold ? 1 : 0;
      below += isBelow[i];
    }
    const needed = left > 1 ? orders : orders.slice(0, 1); // a leaf's members, in any order
    const parts = needed.map((order) => partition(order, isBelow, below));
    const low = grow(
      parts.map((p) => p[0]),
      left - 1,
    );
    const high = grow(
      parts.map((p) => p[1]),
      left - 1,
    );
    return { dim, threshold, low, high };
  };
  return { root: grow(rows.orders, depth), gains, leafOf };
}

/** A tree's value of the row that begins at `at`. */
export function valueAt(node: TreeNode, data: ArrayLike<number>, at: number): number {
  let here = node;
  while ("dim" in here) here = data[at + here.dim]! <= here.threshold ? here.low : here.high;
  return here.value;
}

/** The members below the split and those above it, in their order. Without a branch, which no processor could predict. */
function partition(order: Int32Array, isBelow: Uint8Array, below: number): [Int32Array, Int32Array] {
  const [low, high] = [new Int32Array(below + 1), new Int32Array(order.length - below + 1)]; // one place to write in vain
  let l = 0;
  for (let k = 0; k < order.length; k++) {
    const i = order[k]!;
    low[l] = i;
    high[k - l] = i;
    l += isBelow[i]!;
  }
  return [low.subarray(0, below), high.subarray(0, order.length - below)];
}

interface Split {
  readonly dim: number;
  readonly threshold: number;
  /** n_l n_r / n (mean_l - mean_r)^2: n times the reduction of variance. */
  readonly gain: number;
}

/** The split with the largest gain, of each dimension that has it; none where there is nothing to split. */
function bestSplits({ columns }: Presorted, orders: readonly Int32Array[], target: Float64Array): Split[] {
  const members = orders[0]!;
  const n = members.length;
  let [sum, squares] = [0, 0];
  for (let k = 0; k < n; k++) {
    const t = target[members[k]!]!;
    sum += t;
    squares += t * t;
  }
  if (n < 2 || squares / n - (sum / n) ** 2 <= NO_VARIANCE) return [];
  const mean = sum / n;
  let most = 0;
  const found: Split[] = [];
  for (let dim = 0; dim < columns.length; dim++) {
    const [order, values] = [orders[dim]!, columns[dim]!];
    // k (mean_l - mean) of the k lowest: the gain is n times its square / (k (n - k)), compared without dividing
    let below = 0;
    let [square, pairs, threshold] = [-1, 1, 0];
    for (let k = 1; k < n; k++) {
      below += target[order[k - 1]!]! - mean;
      if (below * below * pairs <= square * k * (n - k)) continue;
      const [here, next] = [values[order[k - 1]!]!, values[order[k]!]!];
      if (next > here + SAME_VALUE)
        [square, pairs, threshold] = [below * below, k * (n - k), here / 2 + next / 2];
    }
    const gain = (n * square) / pairs;
    if (gain >= most * (1 - ROUNDING)) found.push({ dim, threshold, gain });
    most = Math.max(most, gain);
  }
  return found.filter(({ gain }) => gain >= most * (1 - ROUNDING));
}
