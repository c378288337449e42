import type { Rng } from "../../rng.ts";

/** Four make a pseudo-random permutation of a large domain; these leave a margin for a small one. */
const ROUNDS = 8;

/**
 * A permutation of 0 … `size` - 1 that takes no memory: a Feistel network over the next power of 4 (Luby and Rackoff, "How
 * to construct pseudorandom permutations from pseudorandom functions", SIAM J. Comput. 17(2), 1988), walked until it is
 * below `size` (Black and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002, method 2).
 */
export class PseudoPermutation {
  private readonly rounds: readonly Rng[];
  /** 2^(half of the bits). */
  private readonly half: number;

  constructor(
    private readonly size: number,
    rng: Rng,
  ) {
    this.rounds = Array.from({ length: ROUNDS }, (_, round) => rng.fold(round));
    this.half = 2 ** Math.ceil(Math.log2(Math.max(2, size)) / 2);
  }

  /** What stands at `place`. */
  at(place: number): number {
    let value = place;
    do {
      let [left, right] = [Math.floor(value / this.half), value % this.half];
      for (const round of this.rounds) [left, right] = [right, (left + this.of(round, right)) % this.half];
      value = left * this.half + right;
    } while (value >= this.size);
    return value;
  }

  /** Where `value` stands. */
  placeOf(value: number): number {
    let place = value;
    do {
      let [left, right] = [Math.floor(place / this.half), place % this.half];
      for (const round of this.rounds.toReversed())
        [left, right] = [(right - this.of(round, left) + this.half) % this.half, left];
      place = left * this.half + right;
    } while (place >= this.size);
    return place;
  }

  private of(round: Rng, value: number): number {
    return Math.floor(round.uniformAt(value) * this.half);
  }
}
