import type { CodedValues } from "../backends/compiler.ts";
import { DataError } from "../errors.ts";
import { Rng } from "../rng.ts";
import type { Examples, Split } from "./dataset.ts";
import { BlockOrder } from "./order/block_order.ts";
import { epochOrder, type Shuffle, shuffleOf } from "./order/draw_order.ts";
import { WindowReader } from "./order/window_reader.ts";
import { ordered } from "./ordered.ts";

/** A batch before it becomes tensors. */
export interface HostBatch {
  /** Packed as `shape`, in the image range; made when first asked for, where they are `coded`. */
  readonly images: Float32Array;
  /** The images as the bytes that they were, for a device to look their values up. */
  readonly coded?: CodedValues;
  /** Packed [B, L]; absent where the data set has no labels. */
  readonly labels?: Float32Array;
  /** [B, H, W, C]. */
  readonly shape: readonly [number, number, number, number];
  /** The examples' places in the split, [B]. */
  readonly indices: Int32Array;
}

export interface LoaderOptions {
  readonly batchSize: number;
  /** [H, W, C] of the split's images. */
  readonly imageShape: readonly [number, number, number];
  /** Another order each epoch, true: auto; else the split's own. */
  readonly shuffle: boolean | Shuffle;
  /** Leave out a last batch that is not full, unless it is the only one. */
  readonly dropLast: boolean;
  /** Mirror each image with probability one half, drawn anew each epoch. */
  readonly horizontalFlip: boolean;
  /** Draw each value as 0 or 1 with its own probability: static, once for each image; dynamic, anew each epoch. */
  readonly binarize?: "off" | "static" | "dynamic";
  /** unit: [0, 1]; signed: [-1, 1]. */
  readonly imageRange: "unit" | "signed";
  /** Batches read ahead of the one in use. */
  readonly prefetch: number;
  readonly rng: Rng;
  /** Use only the split's first examples. */
  readonly limit?: number | undefined;
  /** Read the `rank`-th of `size` equal parts of each batch alone; all of it where left out. */
  readonly part?: { readonly rank: number; readonly size: number } | undefined;
}

/** The batches of a split. Batch k of an epoch is the same whether one starts at 0 or resumes at k. */
export class Loader {
  readonly batchesPerEpoch: number;
  /** Examples in use. */
  readonly size: number;
  private readonly values: Float32Array;

  constructor(
    private readonly split: Split,
    private readonly options: LoaderOptions,
  ) {
    const { batchSize, dropLast, imageRange, limit } = options;
    this.size = Math.min(split.size, limit ?? Infinity);
    const batches = this.size / batchSize;
    this.batchesPerEpoch = dropLast && batches >= 1 ? Math.floor(batches) : Math.ceil(batches);
    this.values = Float32Array.from({ length: 256 }, (_, byte) =>
      imageRange === "signed" ? byte / 127.5 - 1 : byte / 255,
    );
  }

  /**
   * The batches of an epoch from number `fromBatch` on, read ahead.
   *
   * @throws DataError at the batch that can't be read; those before it are delivered
   */
  async *batches(epoch: number, fromBatch = 0): AsyncGenerator<HostBatch, void, undefined> {
    const { horizontalFlip, binarize, rng, prefetch } = this.options;
    const flips = horizontalFlip ? rng.fold("flip").fold(epoch) : undefined;
    const noise = binarize === "dynamic" ? rng.fold("binarize").fold(epoch) : undefined;
    const left = Math.max(0, this.batchesPerEpoch - fromBatch);
    const examplesOf = this.epoch(epoch, fromBatch);
    yield* ordered(left, prefetch + 1, async (i) => {
      const { indices, examples } = examplesOf(fromBatch + i);
      return this.batch(indices, await examples, flips, noise);
    });
  }

  /** How the order of an epoch is drawn. */
  get order(): Exclude<Shuffle, "auto"> {
    const { shuffle } = this.options;
    return shuffleOf(typeof shuffle === "string" ? shuffle : shuffle ? "auto" : "none", this.size);
  }

  /** The places in an epoch of the rows of a batch that this loader reads. */
  private readonly rows = (batch: number): readonly [from: number, to: number] => {
    const { batchSize, part: { rank, size } = { rank: 0, size: 1 } } = this.options;
    const from = batch * batchSize;
    const share = (Math.min(this.size, from + batchSize) - from) / size;
    return [from + rank * share, from + (rank + 1) * share];
  };

  /** What reads the batches of an epoch from number `first` on, one after another. */
  private epoch(epoch: number, first: number) {
    const { split, size, batchesPerEpoch: end, rows } = this;
    const { rng, imageShape, batchSize } = this.options;
    const bytes = imageShape.reduce((a, b) => a * b);
    const drawn = rng.fold("shuffle").fold(epoch);
    const order = epochOrder(this.order, { size, bytes, rng: drawn }, split.shuffled?.bind(split));
    const inWindows = order instanceof BlockOrder && order.block > 1 && split.inRuns;
    const reader = inWindows ? new WindowReader(split, order, { first, end, batchSize, rows }) : undefined;
    return (batch: number): { indices: Int32Array; examples: Promise<Examples> } => {
      const [from, to] = rows(batch);
      const indices = order.slice(from, to);
      return { indices, examples: reader?.read(from, indices) ?? split.read(indices) };
    };
  }

  /** The files of the examples in use, in the split's order; undefined where they have none of their own. */
  get files(): readonly string[] | undefined {
    return this.split.files?.slice(0, this.size);
  }

  /** `count` examples drawn from the whole split (or all, where it has fewer): the same at each call, as they are. */
  spread(count: number): Promise<HostBatch> {
    return this.read(drawn(count, this.size));
  }

  /** The examples of these numbers, as they are. @throws DataError where the split has fewer */
  at(numbers: readonly number[]): Promise<HostBatch> {
    const beyond = numbers.find((n) => n >= this.size);
    if (beyond === undefined) return this.read(Int32Array.from(numbers));
    throw new DataError(`expected numbers of images below ${this.size}, which the split has, got ${beyond}.`);
  }

  /** The examples as they are. */
  private async read(indices: Int32Array): Promise<HostBatch> {
    return this.batch(indices, await this.split.read(indices));
  }

  /** `flips`: below 1/2 where an image is mirrored; `noise`: of this epoch's binarization, by default the one for all. */
  private batch(
    indices: Int32Array,
    { images: codes, labels }: Examples,
    flips?: Rng,
    noise?: Rng,
  ): HostBatch {
    const { binarize = "off", rng } = this.options;
    if (binarize !== "off") drawBits(codes, indices, noise ?? rng.fold("binarize"));
    if (flips !== undefined)
      indices.forEach((index, n) => {
        if (flips.uniformAt(index) < 0.5) mirror(codes, n, this.options.imageShape);
      });
    const { values } = this;
    let images: Float32Array | undefined;
    return {
      get images() {
        images ??= decoded({ codes, values });
        return images;
      },
      coded: { codes, values },
      shape: [indices.length, ...this.options.imageShape],
      indices,
      ...(labels && { labels }),
    };
  }
}

/** Makes each of the packed values 255 with the probability value / 255, else 0, by a stream of each image's own. */
function drawBits(packed: Uint8Array, indices: Int32Array, rng: Rng): void {
  const size = packed.length / indices.length;
  indices.forEach((index, n) => {
    const drawn = rng.fold(index).uniformArray(size);
    for (let i = 0; i < size; i++) packed[n * size + i] = drawn[i]! * 255 < packed[n * size + i]! ? 255 : 0;
  });
}

function decoded({ codes, values }: CodedValues): Float32Array {
  const out = new Float32Array(codes.length);
  for (let i = 0; i < codes.length; i++) out[i] = values[codes[i]!]!;
  return out;
}

/** Mirrors image `n` of packed ones in place. */
function mirror(packed: Uint8Array, n: number, [height, width, channels]: LoaderOptions["imageShape"]): void {
  const row = width * channels;
  for (let y = 0; y < height; y++) {
    const line = packed.subarray((n * height + y) * row, (n * height + y + 1) * row);
    const before = line.slice();
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) line[x * channels + c] = before[(width - 1 - x) * channels + c]!;
  }
}

/**
 * `count` places of `size` in ascending order, whatever the run's seed, so that all runs show and measure the same
 * images. At random, because splits are sorted by class, or hold views of one thing in turn.
 */
export const drawn = (count: number, size: number): Int32Array =>
  Rng.fromSeed(0).fold("examples").subset(count, size);
