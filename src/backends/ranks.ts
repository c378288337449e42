import { type GradConfig, type Tensor, type Tensor1D, type Tensor2D, tf, whenLoaded } from "../tf.ts";

/**
 * Processes that train together, each on its rows of every batch: ranks. What is minimized is the mean of their losses, so a
 * loss that is a mean over images asks for nothing. One that isn't asks here for what it needs of the other ranks; on one
 * process, and on several devices of one, whose compiler sees the whole batch, each of these functions gives its argument.
 */
export interface Ranks {
  /** This process's number, from 0. */
  readonly rank: number;
  readonly size: number;
  /** Whether batch norm's statistics are those of the whole batch. */
  readonly syncBatchNorm: boolean;
}

/** Ranks with a way to each other. Each of them has to call the same in the same order. */
export interface RankGroup extends Ranks {
  syncBatchNorm: boolean;
  /** Seconds without progress after which the others are given up. */
  set timeout(seconds: number);
  /** A step begins, whose reductions are numbered from here. */
  begin(): void;
  /** A step is done. */
  progress(): void;
  /** Rank 0's numbers on all ranks, which have as many; the event loop is free meanwhile. */
  fromFirst(values: Int32Array): Promise<Int32Array>;
  /** What went wrong, where it is that a rank was lost: for the user. */
  lost(error: unknown): Error | undefined;
  /** Once all ranks have called it: no more reductions come, and any of them may end. */
  close(): Promise<void>;
  /** As `close`, of one that gives up, without the others. */
  leave(): Promise<void>;
}

/** A kernel of tfjs: the sum of x over the ranks or, by the attribute `mean`, their mean; the same bits on all of them. Its gradient is the same of dy. */
export const OVER_RANKS = "OverRanks";

let current: RankGroup | undefined;

/** What `step` gives, computed by these ranks together. */
export function together<T>(ranks: RankGroup | undefined, step: () => T): T {
  if (ranks === undefined) return step();
  current = ranks;
  ranks.begin();
  try {
    return step();
  } finally {
    current = undefined;
  }
}

/** The ranks that compute the step under way together; undefined: one process computes it. */
export const ranksOfStep = (): Ranks | undefined => current;

/** How many processes compute the step under way. */
export const rankCount = (): number => current?.size ?? 1;

/** The sum over the ranks of `x`, which has the same shape on each. */
export const sumOverRanks = <T extends Tensor>(x: T): T => overRanks(x, false);

/** The mean over the ranks: of a mean over a rank's images that over the whole batch's. */
export const meanOverRanks = <T extends Tensor>(x: T): T => overRanks(x, true);

/** The rows of the whole batch, [B, …], of those of each rank's part, [B / ranks, …]. */
export function wholeBatch<T extends Tensor>(x: T): T {
  if (current === undefined) return x;
  const { rank, size } = current;
  const rows = x.shape[0]!;
  const around = x.shape.map((_, axis): [number, number] =>
    axis === 0 ? [rank * rows, (size - 1 - rank) * rows] : [0, 0],
  );
  return sumOverRanks(tf.pad(x, around) as T); // to add zeros is exact
}

/** The rows of the whole batch with these int32 numbers, [K, D], of this rank's part of it, [B / ranks, D]. No gradient goes to `x`. */
export function rowsOfBatch(x: Tensor2D, numbers: Tensor1D): Tensor2D {
  if (current === undefined) return tf.gather(x, numbers);
  const [rows] = x.shape;
  const own = tf.sub(tf.cast(numbers, "float32"), current.rank * rows); // float32 has whole numbers to 2^24
  const inside = tf.mul(tf.step(tf.add(own, 0.5)), tf.step(tf.sub(rows - 0.5, own)));
  const at = tf.cast(tf.mul(own, inside), "int32") as Tensor1D;
  return sumOverRanks(tf.mul(tf.gather(x, at), tf.reshape(inside, [-1, 1]))) as Tensor2D;
}

/**
 * Of rows that all ranks have, [N, …], those that are this one's, [N / ranks, …], for its part of a mean over them. All of
 * them where they can't be cut evenly: then each rank computes the whole mean.
 */
export function ownRows<T extends Tensor>(x: T): T {
  const [rows, ...row] = x.shape as [number, ...number[]];
  if (current === undefined || rows % current.size !== 0) return x;
  const own = rows / current.size;
  return tf.slice(x, [current.rank * own, ...row.map(() => 0)], [own, ...row]) as T;
}

function overRanks<T extends Tensor>(x: T, mean: boolean): T {
  if (current === undefined) return x;
  return tf.engine().runKernel(OVER_RANKS, { x } as never, { mean }) as unknown as T;
}

const gradient: GradConfig = {
  kernelName: OVER_RANKS,
  gradFunc: (dy, _, attrs) => ({ x: () => overRanks(dy as Tensor, (attrs as { mean: boolean }).mean) }),
};

whenLoaded(() => tf.registerGradient(gradient));
