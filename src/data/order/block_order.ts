import type { Rng } from "../../rng.ts";
import type { EpochOrder } from "./epoch_order.ts";
import { PseudoPermutation } from "./pseudo_permutation.ts";

/** Bytes of images that lie together, at most, and images. */
const BLOCK_BYTES = 64 << 10;
const BLOCK_IMAGES = 64;
/** Blocks that are mixed with each other, at most. */
const WINDOW = 1024;

/** Images of `bytes` each that lie together in an order by blocks. */
export const imagesPerBlock = (bytes: number): number =>
  Math.min(BLOCK_IMAGES, Math.max(1, Math.floor(BLOCK_BYTES / bytes)));

/**
 * An order of which memory holds a window, however many images there are: blocks of neighbours are shuffled, and then all
 * images of as many blocks as make a window. So reads are of whole blocks, and a batch is mixed from those of a window alone.
 */
export class BlockOrder implements EpochOrder {
  private readonly blocks: number;
  private readonly windows: number;
  private readonly permutation: PseudoPermutation;
  /** Where the last block stands, and by how many images it is shorter than the others. */
  private readonly shortAt: number;
  private readonly missing: number;
  /** The last two that were asked for: a batch may have images of two. */
  private readonly made = new Map<number, Int32Array>();

  /** @param block images a block */
  constructor(
    readonly size: number,
    readonly block: number,
    private readonly rng: Rng,
  ) {
    this.blocks = Math.ceil(size / block);
    this.windows = Math.ceil(this.blocks / WINDOW);
    this.permutation = new PseudoPermutation(this.blocks, rng.fold("blocks"));
    this.missing = this.blocks * block - size;
    this.shortAt = this.blocks === 0 ? 0 : this.permutation.placeOf(this.blocks - 1);
  }

  slice(from: number, to: number): Int32Array {
    const end = Math.min(to, this.size);
    const out = new Int32Array(Math.max(0, end - from));
    for (let at = from; at < end; ) {
      const window = this.windowAt(at);
      const [start, stop] = this.bounds(window);
      const next = Math.min(end, stop);
      out.set(this.examples(window).subarray(at - start, next - start), at - from);
      at = next;
    }
    return out;
  }

  windowAt(place: number): number {
    const guess = Math.floor(((place / this.block) * this.windows) / this.blocks);
    let window = Math.min(this.windows - 1, guess);
    while (this.start(window) > place) window--;
    while (this.start(window + 1) <= place) window++;
    return window;
  }

  bounds(window: number): readonly [from: number, to: number] {
    return [this.start(window), this.start(window + 1)];
  }

  /** The place where a window begins; that of the one after the last is the end. */
  private start(window: number): number {
    const block = this.firstBlock(window);
    return block * this.block - (this.shortAt < block ? this.missing : 0);
  }

  /** Windows are of as many blocks each, to one more or less, so that none mixes few. */
  private firstBlock(window: number): number {
    return Math.floor((window * this.blocks) / this.windows);
  }

  private examples(window: number): Int32Array {
    const found = this.made.get(window) ?? this.make(window);
    this.made.delete(window);
    this.made.set(window, found);
    for (const old of this.made.keys()) if (this.made.size > 2) this.made.delete(old);
    return found;
  }

  private make(window: number): Int32Array {
    const [from, to] = this.bounds(window);
    const together = new Int32Array(to - from);
    let count = 0;
    for (let place = this.firstBlock(window); place < this.firstBlock(window + 1); place++) {
      const first = this.permutation.at(place) * this.block;
      for (let example = first; example < Math.min(this.size, first + this.block); example++)
        together[count++] = example;
    }
    const order = this.rng.fold("window").fold(window).permutation(together.length);
    return order.map((place) => together[place]!);
  }
}
