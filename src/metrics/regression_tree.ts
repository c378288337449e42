import { indices } from "./labelled_means.ts";
import type { Rows } from "./linear_classifier.ts";

/** Values closer than this are not split between, and variance below it is none: scikit-learn's limits. */
const SAME_VALUE = 1e-7;
const NO_VARIANCE = 2 ** -52;
/** Two splits of the same rows differ by so much at most, as shares, by rounding alone. */
const ROUNDING = 1e-10;

/** Rows by dimension, ready to grow trees on. */
export interface Presorted {
  readonly count: number;
  /** Each dimension's values. */
  readonly columns: readonly Float64Array[];
  /**
   * By level of a tree and by dimension, the rows node by node, in each node by the dimension's values. Those of the root
   * stay; the others hold those of the tree under way, the leaves' by the first dimension alone.
   */
  readonly orders: readonly (readonly Int32Array[])[];
}

/** `depth`: levels of splits. */
export function presort({ data, dims }: Rows, depth: number): Presorted {
  const count = data.length / dims;
  const columns = indices(dims).map((d) =>
    Float64Array.from({ length: count }, (_, i) => data[i * dims + d]!),
  );
  const root = columns.map((values) =>
    Int32Array.from({ length: count }, (_, i) => i).sort((a, b) => values[a]! - values[b]!),
  );
  const below = indices(depth).map((level) =>
    indices(level === depth - 1 ? 1 : dims).map(() => new Int32Array(count)),
  );
  return { count, columns, orders: [root, ...below] };
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
 * A regression tree of the levels of splits that `rows` has place for, each split where the variance of `target` is reduced
 * most (Breiman et al., "Classification and regression trees", 1984, 8.4). `leaf` gives the value of a leaf's rows.
 *
 * Where dimensions reduce it alike (one is a copy of the other, or follows it), `pick` chooses the one that splits, a
 * number below how many they are, and all get the same share of the gain: what scikit-learn, whose trees look at
 * dimensions in a random order, gives them on average.
 */
export function growTree(
  rows: Presorted,
  target: Float64Array,
  leaf: (members: Int32Array) => number,
  pick: (count: number) => number,
): Tree {
  const gains = new Float64Array(rows.columns.length);
  const leafOf = new Float64Array(rows.count);
  const isBelow = new Uint8Array(rows.count);
  /** The node of the rows from place `from` up to `to` of its level. */
  const grow = (level: number, from: number, to: number): TreeNode => {
    const [orders, next] = [rows.orders[level]!, rows.orders[level + 1]];
    const splits = next === undefined ? [] : bestSplits(rows, orders, target, from, to);
    const members = orders[0]!.subarray(from, to);
    if (splits.length === 0) {
      const value = leaf(members);
      for (const i of members) leafOf[i] = value;
      return { value };
    }
    for (const { dim, gain } of splits) gains[dim]! += gain / rows.count / splits.length;
    const { dim, threshold } = splits[pick(splits.length)]!;
    const values = rows.columns[dim]!;
    let middle = from;
    for (const i of members) {
      isBelow[i] = values[i]! <= threshold ? 1 : 0;
      middle += isBelow[i];
    }
    for (const [d, order] of next!.entries()) partition(orders[d]!, order, isBelow, from, middle, to);
    const low = grow(level + 1, from, middle);
    return { dim, threshold, low, high: grow(level + 1, middle, to) };
  };
  return { root: grow(0, 0, rows.count), gains, leafOf };
}

/** A tree's value of the row that begins at `at`. */
export function valueAt(node: TreeNode, data: ArrayLike<number>, at: number): number {
  let here = node;
  while ("dim" in here) here = data[at + here.dim]! <= here.threshold ? here.low : here.high;
  return here.value;
}

/** Writes the members below the split up to `middle` and the others after it, without a branch that can't be predicted. */
function partition(
  order: Int32Array,
  into: Int32Array,
  isBelow: Uint8Array,
  from: number,
  middle: number,
  to: number,
): void {
  let low = from;
  for (let k = from; k < to; k++) {
    const i = order[k]!;
    const high = middle + k - low;
    into[high + (low - high) * isBelow[i]!] = i;
    low += isBelow[i]!;
  }
}

interface Split {
  readonly dim: number;
  readonly threshold: number;
  /** n_l n_r / n (mean_l - mean_r)^2: n times the reduction of variance. */
  readonly gain: number;
}

/** The split with the largest gain, of each dimension that has it; none where there is nothing to split. */
function bestSplits(
  { columns }: Presorted,
  orders: readonly Int32Array[],
  target: Float64Array,
  from: number,
  to: number,
): Split[] {
  const n = to - from;
  const members = orders[0]!;
  let sum = 0;
  let squares = 0;
  for (let k = from; k < to; k++) {
    const t = target[members[k]!]!;
    sum += t;
    squares += t * t;
  }
  const mean = sum / n;
  if (n < 2 || squares / n - mean ** 2 <= NO_VARIANCE) return [];
  let most = 0;
  const found: Split[] = [];
  for (let dim = 0; dim < columns.length; dim++) {
    const order = orders[dim]!;
    const values = columns[dim]!;
    let below = 0; // k (mean_l - mean) of the k lowest
    let best = -1;
    let threshold = 0;
    for (let k = 1; k < n; k++) {
      const i = order[from + k - 1]!;
      below += target[i]! - mean;
      const pairs = k * (n - k);
      if (below * below <= best * pairs) continue; // a division less
      const here = values[i]!;
      const next = values[order[from + k]!]!;
      if (next <= here + SAME_VALUE) continue;
      best = (below * below) / pairs;
      threshold = here / 2 + next / 2;
    }
    const gain = n * best;
    if (gain >= most * (1 - ROUNDING)) found.push({ dim, threshold, gain });
    most = Math.max(most, gain);
  }
  return found.filter(({ gain }) => gain >= most * (1 - ROUNDING));
}
