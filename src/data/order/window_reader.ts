import type { Examples, Split } from "../dataset.ts";
import type { BlockOrder } from "./block_order.ts";

interface Held {
  /** Ascending. */
  readonly places: Int32Array;
  readonly examples: Examples;
}

/** The batches of an epoch that are read, by number. */
export interface Batches {
  readonly first: number;
  /** That after the last. */
  readonly end: number;
  readonly batchSize: number;
  /** The places in the epoch that are read of a batch. */
  rows(batch: number): readonly [from: number, to: number];
}

/**
 * Reads the examples of an order by blocks, a window at a time and the next ahead: its blocks are read whole, and batches
 * are copied from them. Memory holds two windows.
 */
export class WindowReader {
  private readonly held = new Map<number, Promise<Held>>();

  constructor(
    private readonly split: Split,
    private readonly order: BlockOrder,
    private readonly batches: Batches,
  ) {}

  /** The examples at the places from `from` on, which are `indices`. */
  async read(from: number, indices: Int32Array): Promise<Examples> {
    if (indices.length === 0) return this.split.read(indices);
    const { order, batches } = this;
    const [first, last] = [order.windowAt(from), order.windowAt(from + indices.length - 1)];
    const windows = Array.from({ length: last - first + 1 }, (_, i) => this.window(first + i));
    const end = Math.min(order.size, batches.end * batches.batchSize);
    for (const old of this.held.keys()) if (old < first) this.held.delete(old);
    const held = await Promise.all(windows);
    if (order.bounds(last)[1] < end) this.window(last + 1).catch(() => {}); // reported where it is asked for
    return gathered(held, indices);
  }

  private window(window: number): Promise<Held> {
    const found = this.held.get(window) ?? this.load(window);
    this.held.set(window, found);
    return found;
  }

  private async load(window: number): Promise<Held> {
    const places = this.placesOf(window).sort();
    return { places, examples: await this.split.read(places) };
  }

  /** The examples of a window that batches have. */
  private placesOf(window: number): Int32Array {
    const { first, end, batchSize, rows } = this.batches;
    const [start, stop] = this.order.bounds(window);
    const places = new Int32Array(stop - start);
    let count = 0;
    const last = Math.min(end, Math.ceil(stop / batchSize));
    for (let batch = Math.max(first, Math.floor(start / batchSize)); batch < last; batch++) {
      const [from, to] = rows(batch);
      const some = this.order.slice(Math.max(from, start), Math.min(to, stop));
      places.set(some, count);
      count += some.length;
    }
    return places.subarray(0, count);
  }
}

/** The examples `indices`, each of which is held by one of several. */
function gathered(held: readonly Held[], indices: Int32Array): Examples {
  const [one] = held;
  const sizeOf = (values: { readonly length: number }) => values.length / one!.places.length;
  const size = sizeOf(one!.examples.images);
  const width = one!.examples.labels && sizeOf(one!.examples.labels);
  const images = new Uint8Array(indices.length * size);
  const labels = width === undefined ? undefined : new Float32Array(indices.length * width);
  indices.forEach((index, n) => {
    for (const { places, examples } of held) {
      const row = rowOf(places, index);
      if (row < 0) continue;
      images.set(examples.images.subarray(row * size, (row + 1) * size), n * size);
      labels?.set(examples.labels!.subarray(row * width!, (row + 1) * width!), n * width!);
      break;
    }
  });
  return { images, ...(labels && { labels }) };
}

/** Where `index` is among ascending places; -1: it is not. */
function rowOf(places: Int32Array, index: number): number {
  let [low, high] = [0, places.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle]! < index) low = middle + 1;
    else high = middle;
  }
  return places[low] === index ? low : -1;
}
