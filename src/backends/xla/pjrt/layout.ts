import type { Pointer } from "../../ffi.ts";
import { Slots } from "./slots.ts";

const layouts: Pointer[] = [];

/**
 * PJRT_Buffer_MemoryLayout of values in the order of their indices, the last one fastest; kept for good. Unasked a
 * plugin may give them in the device's own order.
 */
export function rowMajor(rank: number): Pointer {
  layouts[rank] ??= makeRowMajor(rank);
  return layouts[rank];
}

function makeRowMajor(rank: number): Pointer {
  const minorToMajor = Slots.of(Array.from({ length: rank }, (_, i) => rank - 1 - i));
  const [own, tiled, TILED] = [10, 7, 0]; // slots of the struct, slots of the struct in it, which of two it is
  return Slots.of([8 * own, 0, 8 * tiled, 0, minorToMajor.at, rank, 0, 0, 0, TILED]).at;
}
