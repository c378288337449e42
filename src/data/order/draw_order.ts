import type { Rng } from "../../rng.ts";
import { range } from "../store.ts";
import { BlockOrder, imagesPerBlock } from "./block_order.ts";
import type { EpochOrder } from "./epoch_order.ts";

/** How an epoch's order is drawn. auto: whole, unless there are more images than `WHOLE`. */
export type Shuffle = "auto" | "whole" | "blocks" | "none";

/** Most images whose order auto draws whole: 16 MB. */
const WHOLE = 2 ** 22;

/** What `auto` is for so many images; others are themselves. */
export const shuffleOf = (shuffle: Shuffle, size: number): Exclude<Shuffle, "auto"> =>
  shuffle === "auto" ? (size <= WHOLE ? "whole" : "blocks") : shuffle;

/**
 * The order of `size` examples.
 *
 * @param rng the epoch's
 * @param bytes of an example
 * @param whole an order of all that a split draws itself
 */
export function epochOrder(
  shuffle: Exclude<Shuffle, "auto">,
  { size, bytes, rng }: { readonly size: number; readonly bytes: number; readonly rng: Rng },
  whole: (rng: Rng, size: number) => Int32Array = (of, count) => of.permutation(count),
): EpochOrder {
  switch (shuffle) {
    case "none":
      return { slice: (from, to) => range(from, Math.min(to, size)) };
    case "whole": {
      const order = whole(rng, size);
      return { slice: (from, to) => order.slice(from, to) };
    }
    case "blocks":
      return new BlockOrder(size, imagesPerBlock(bytes), rng);
  }
}
