import { type Tensor, type Tensor1D, tf } from "./tf.ts";

/**
 * Counter-based randomness: a stream is a key made by folding names and numbers into a seed, and its k-th number
 * depends on (key, k) alone. No state advances, so a resumed run draws what an unbroken one draws.
 */
export interface Rng {
  /** The stream for a purpose ("posterior") or a counter (step 7); independent of this one and its others. */
  fold(part: string | number): Rng;
  /**
   * The stream for tensors with a row for each image of the batch along `axis`: where several processes train together, each
   * draws the rows of its own images, out of what one process would draw for the whole batch. Of other draws all have all.
   */
  perImage(axis?: number): Rng;
  /** `count` numbers, uniform in [0, 1), with 24 bits each: number `from` of the stream and those after it. */
  uniformArray(count: number, from?: number): Float32Array;
  /** `uniformArray(1, index)[0]`. */
  uniformAt(index: number): number;
  /** `count` numbers of the standard normal distribution, likewise. */
  normalArray(count: number, from?: number): Float32Array;
  /** A permutation of 0 … `count` - 1. */
  permutation(count: number): Int32Array;
  /**
   * `count` different numbers of 0 … `of` - 1, or all where there are fewer, in ascending order; every such set is
   * equally likely. To take some of many: every k-th would take those of one kind where kinds follow in turn.
   */
  subset(count: number, of: number): Int32Array;
  /** A permutation of 0 … `count` - 1 as an int32 tensor [count], for `tf.gather`. */
  shuffle(count: number): Tensor1D;
  /**
   * The places in a flattened [rows, columns] of each of its elements after every column was shuffled by itself: int32
   * [rows columns], for `tf.gather`.
   */
  shuffleColumns(rows: number, columns: number): Tensor1D;
  /** The values of `shuffleColumns`. */
  columnPlaces(rows: number, columns: number): Int32Array;
  /**
   * The places in a flattened [count, height, width] of `count` windows, one anywhere in each [height, width]: int32
   * [count side side], row by row, for `tf.gather`.
   */
  windows(count: number, size: readonly [height: number, width: number], side: number): Tensor1D;
  /** The values of `windows`, of window `from` of the stream and those after it. */
  windowPlaces(
    count: number,
    size: readonly [height: number, width: number],
    side: number,
    from?: number,
  ): Int32Array;
  /** `count` whole numbers, uniform in [0, limit), as an int32 tensor [count], for `tf.gather`. */
  integers(count: number, limit: number): Tensor1D;
  /** The values of `integers`, from number `from` on; `limit` at most 2^24. */
  integerArray(count: number, limit: number, from?: number): Int32Array;
  /** Standard normal noise as a tensor of `shape`. The caller disposes it (or a tidy does). */
  normal<T extends Tensor>(shape: number[]): T;
  /** Uniform numbers in [0, 1) as a tensor of `shape`. */
  uniform<T extends Tensor>(shape: number[]): T;
}

export const Rng = {
  /** The root stream of a run. `seed`: any integer from 0 to 2^53. */
  fromSeed: (seed: number): Rng => new Threefry(seed >>> 0, Math.floor(seed / 4294967296) >>> 0),
};

/** Numbers that a subset of is the beginning of a permutation of all. */
const PERMUTED = 2 ** 22;

/** A stream all of whose draws come from three: uniform numbers, normal ones and permutations. */
export abstract class DerivedRng implements Rng {
  abstract fold(part: string | number): Rng;
  abstract uniformArray(count: number, from?: number): Float32Array;
  abstract normalArray(count: number, from?: number): Float32Array;
  abstract permutation(count: number): Int32Array;

  perImage(_axis = 0): Rng {
    return this;
  }

  uniformAt(index: number): number {
    return this.uniformArray(1, index)[0]!;
  }

  subset(count: number, of: number): Int32Array {
    if (of <= PERMUTED || count >= of) return this.permutation(of).subarray(0, Math.max(0, count)).sort();
    return this.fewOf(Math.max(0, count), of);
  }

  /** By Floyd's method: of what there is, however much, it takes no memory. */
  private fewOf(count: number, of: number): Int32Array {
    const taken = new Set<number>();
    const draws = this.uniformArray(2 * count);
    for (let i = 0; i < count; i++) {
      const last = of - count + i;
      const draw = Math.floor((draws[2 * i]! + draws[2 * i + 1]! * 2 ** -24) * (last + 1));
      taken.add(taken.has(draw) ? last : draw);
    }
    return Int32Array.from(taken).sort();
  }

  shuffle(count: number): Tensor1D {
    return tf.tensor1d(this.permutation(count), "int32");
  }

  shuffleColumns(rows: number, columns: number): Tensor1D {
    return tf.tensor1d(this.columnPlaces(rows, columns), "int32");
  }

  columnPlaces(rows: number, columns: number): Int32Array {
    const out = new Int32Array(rows * columns);
    for (let c = 0; c < columns; c++) {
      const order = this.fold(c).permutation(rows);
      for (let r = 0; r < rows; r++) out[r * columns + c] = order[r]! * columns + c;
    }
    return out;
  }

  windows(count: number, size: readonly [number, number], side: number): Tensor1D {
    return tf.tensor1d(this.windowPlaces(count, size, side), "int32");
  }

  windowPlaces(
    count: number,
    [height, width]: readonly [number, number],
    side: number,
    from = 0,
  ): Int32Array {
    const tops = this.fold("top").integerArray(count, height - side + 1, from);
    const lefts = this.fold("left").integerArray(count, width - side + 1, from);
    const out = new Int32Array(count * side * side);
    let at = 0;
    for (let n = 0; n < count; n++)
      for (let row = 0; row < side; row++) {
        const first = (n * height + tops[n]! + row) * width + lefts[n]!;
        for (let column = 0; column < side; column++) out[at++] = first + column;
      }
    return out;
  }

  integers(count: number, limit: number): Tensor1D {
    return tf.tensor1d(this.integerArray(count, limit), "int32");
  }

  integerArray(count: number, limit: number, from = 0): Int32Array {
    return Int32Array.from(this.uniformArray(count, from), (u) => Math.floor(u * limit));
  }

  normal<T extends Tensor>(shape: number[]): T {
    return tf.tensor(this.normalArray(sizeOf(shape)), shape, "float32") as T;
  }

  uniform<T extends Tensor>(shape: number[]): T {
    return tf.tensor(this.uniformArray(sizeOf(shape)), shape, "float32") as T;
  }
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/**
 * Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), by a key of 64
 * bits.
 */
class Threefry extends DerivedRng {
  constructor(
    private readonly k0: number,
    private readonly k1: number,
  ) {
    super();
  }

  fold(part: string | number): Rng {
    let [a, b] = [this.k0, this.k1];
    if (typeof part === "number") {
      [a, b] = threefry(a, b, part >>> 0, Math.floor(part / 4294967296) >>> 0);
    } else {
      for (const ch of part) [a, b] = threefry(a, b, ch.codePointAt(0) ?? 0, 0x9e3779b9);
      [a, b] = threefry(a, b, part.length, 0xffffffff);
    }
    return new Threefry(a, b);
  }

  uniformArray(count: number, from = 0): Float32Array {
    const out = new Float32Array(count);
    const end = from + count;
    for (let i = from - (from % 2); i < end; i += 2) {
      const [a, b] = threefry(this.k0, this.k1, i, 0);
      if (i >= from) out[i - from] = (a >>> 8) * 2 ** -24;
      if (i + 1 < end) out[i + 1 - from] = (b >>> 8) * 2 ** -24;
    }
    return out;
  }

  override uniformAt(index: number): number {
    const words = threefry(this.k0, this.k1, index - (index % 2), 0);
    return (words[index % 2]! >>> 8) * 2 ** -24;
  }

  /** By Box and Muller's method. */
  normalArray(count: number, from = 0): Float32Array {
    const out = new Float32Array(count);
    const end = from + count;
    for (let i = from - (from % 2); i < end; i += 2) {
      const [a, b] = threefry(this.k0, this.k1, i, 1);
      const radius = Math.sqrt(-2 * Math.log((a + 1) * 2 ** -32)); // (0, 1]: never log 0
      const angle = b * 2 ** -32 * 2 * Math.PI;
      if (i >= from) out[i - from] = radius * Math.cos(angle);
      if (i + 1 < end) out[i + 1 - from] = radius * Math.sin(angle);
    }
    return out;
  }

  /** By Fisher and Yates's method. */
  permutation(count: number): Int32Array {
    const out = Int32Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = Math.floor((threefry(this.k0, this.k1, i, 2)[0] / 4294967296) * (i + 1));
      const held = out[i]!;
      out[i] = out[j]!;
      out[j] = held;
    }
    return out;
  }
}

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** Two 32-bit words from the key (k0, k1) and the counter (c0, c1). */
function threefry(k0: number, k1: number, c0: number, c1: number): [number, number] {
  const ks = [k0, k1, k0 ^ k1 ^ 0x1bd11bda];
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  for (let r = 0; r < 20; r++) {
    const by = ROTATIONS[r % 8]!;
    x0 = (x0 + x1) | 0;
    x1 = ((x1 << by) | (x1 >>> (32 - by))) ^ x0;
    if (r % 4 === 3) {
      const s = (r + 1) / 4;
      x0 = (x0 + ks[s % 3]!) | 0;
      x1 = (x1 + ks[(s + 1) % 3]! + s) | 0;
    }
  }
  return [x0 >>> 0, x1 >>> 0];
}
