import type { Rng } from "../../rng.ts";

/**
 * An order of the places 0 to `size` - 1 in which neighbours lie near each other on a disk, as WebDataset's: the shards in
 * a drawn order, each from its beginning on, through a buffer of `buffer` places of which a drawn one comes next. The same
 * for the same `rng`, so that an epoch can be gone on with anywhere.
 *
 * @param starts the first place of each shard, and the end of the last one
 */
export function shuffledNearby(
  starts: readonly number[],
  size: number,
  buffer: number,
  rng: Rng,
): Int32Array {
  const order = new Int32Array(size);
  const shards = rng.fold("shards").permutation(Math.max(0, starts.length - 1));
  let at = 0;
  for (const shard of shards) {
    const end = Math.min(size, starts[shard + 1]!);
    for (let place = starts[shard]!; place < end; place++) order[at++] = place;
  }
  const draws = rng.fold("buffer").uniformArray(size);
  const held = order.slice(0, Math.min(size, buffer));
  for (let n = 0; n < size; n++) {
    const left = Math.min(held.length, size - n);
    const pick = Math.min(left - 1, Math.floor(draws[n]! * left));
    const taken = held[pick]!;
    const next = n + held.length;
    held[pick] = next < size ? order[next]! : held[left - 1]!;
    order[n] = taken;
  }
  return order;
}
