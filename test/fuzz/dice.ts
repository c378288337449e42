import { Rng } from "../../src/rng.ts";

/** The random choices of one case; the same case of a seed makes the same ones. */
export class Dice {
  private drawn = 0;
  private readonly rng: Rng;

  constructor(seed: number, index: number) {
    this.rng = Rng.fromSeed(seed).fold("fuzz").fold(index);
  }

  /** In [0, 1). */
  number(): number {
    return this.rng.fold(this.drawn++).uniformArray(1)[0]!;
  }

  /** From 0 to `below` - 1. */
  int(below: number): number {
    return Math.floor(this.number() * below);
  }

  pick<T>(of: readonly T[]): T {
    return of[this.int(of.length)]!;
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from(this.rng.fold(this.drawn++).uniformArray(count), (v) => Math.floor(v * 256));
  }
}
