import type { HostTensor } from "../../backends/compiler.ts";
import type { Ranks } from "../../backends/ranks.ts";
import { concat } from "../../concat.ts";
import type { Rng } from "../../rng.ts";
import type { Tensor, Tensor1D } from "../../tf.ts";

/** Declares a tensor that is made anew of each step's stream. */
export type DeclareDraw = <T extends Tensor>(draw: (step: Rng) => HostTensor) => T;

/** A rank's part of a batch: the `rank`-th of `size` equal ones. */
export type BatchPart = Pick<Ranks, "rank" | "size">;

/** How a stream's draws become tensors. */
export interface Drawing {
  readonly declare: DeclareDraw;
  /** Is told of numbers that are given to JavaScript. */
  escaped(what: string): void;
  /** Whose images `perImage` draws for; undefined: all. */
  readonly part?: BatchPart | undefined;
}

/**
 * A stream whose tensors are inputs of a compiled step; numbers that it gives to JavaScript would be constants of it. Of
 * several ranks each draws for its own images.
 */
export class TracedRng implements Rng {
  constructor(
    private readonly now: Rng,
    private readonly drawing: Drawing,
    /** The stream of the same folds, from the stream of another step. */
    private readonly from: (step: Rng) => Rng = (step) => step,
    /** That of the images, where there is one. */
    private readonly axis?: number,
  ) {}

  fold(part: string | number): Rng {
    const from = (step: Rng) => this.from(step).fold(part);
    return new TracedRng(this.now.fold(part), this.drawing, from, this.axis);
  }

  perImage(axis = 0): Rng {
    return new TracedRng(this.now, this.drawing, this.from, axis);
  }

  normal<T extends Tensor>(shape: number[]): T {
    return this.draw(shape, "float32", (rng, count, from) => rng.normalArray(count, from));
  }

  uniform<T extends Tensor>(shape: number[]): T {
    return this.draw(shape, "float32", (rng, count, from) => rng.uniformArray(count, from));
  }

  shuffle(count: number): Tensor1D {
    return this.declare([count], "int32", (rng) => rng.permutation(count));
  }

  shuffleColumns(rows: number, columns: number): Tensor1D {
    return this.declare([rows * columns], "int32", (rng) => rng.columnPlaces(rows, columns));
  }

  windows(count: number, size: readonly [number, number], side: number): Tensor1D {
    return this.declare([count * side * side], "int32", (rng) =>
      rng.windowPlaces(count, size, side, this.firstOf(count)),
    );
  }

  integers(count: number, limit: number): Tensor1D {
    return this.declare([count], "int32", (rng) => rng.integerArray(count, limit, this.firstOf(count)));
  }

  normalArray(count: number, from?: number): Float32Array {
    this.drawing.escaped("normalArray");
    return this.now.normalArray(count, from);
  }

  uniformArray(count: number, from?: number): Float32Array {
    this.drawing.escaped("uniformArray");
    return this.now.uniformArray(count, from);
  }

  uniformAt(index: number): number {
    this.drawing.escaped("uniformAt");
    return this.now.uniformAt(index);
  }

  permutation(count: number): Int32Array {
    this.drawing.escaped("permutation");
    return this.now.permutation(count);
  }

  subset(count: number, of: number): Int32Array {
    this.drawing.escaped("subset");
    return this.now.subset(count, of);
  }

  columnPlaces(rows: number, columns: number): Int32Array {
    this.drawing.escaped("columnPlaces");
    return this.now.columnPlaces(rows, columns);
  }

  windowPlaces(count: number, size: readonly [number, number], side: number, from?: number): Int32Array {
    this.drawing.escaped("windowPlaces");
    return this.now.windowPlaces(count, size, side, from);
  }

  integerArray(count: number, limit: number, from?: number): Int32Array {
    this.drawing.escaped("integerArray");
    return this.now.integerArray(count, limit, from);
  }

  /** Of `count` that are one an image the first one's number in the whole batch. */
  private firstOf(count: number): number {
    return this.axis === undefined ? 0 : (this.drawing.part?.rank ?? 0) * count;
  }

  private draw<T extends Tensor>(
    shape: readonly number[],
    dtype: "float32",
    values: (rng: Rng, count: number, from: number) => Float32Array,
  ): T {
    const { part } = this.drawing;
    const size = (of: readonly number[]) => of.reduce((a, b) => a * b, 1);
    if (part === undefined || this.axis === undefined)
      return this.declare(shape, dtype, (rng) => values(rng, size(shape), 0));
    const before = size(shape.slice(0, this.axis));
    const rows = size(shape.slice(this.axis)); // of this rank's images, side by side in the stream
    return this.declare(shape, dtype, (rng) =>
      concat(Array.from({ length: before }, (_, i) => values(rng, rows, (i * part.size + part.rank) * rows))),
    );
  }

  private declare<T extends Tensor>(
    shape: readonly number[],
    dtype: "float32" | "int32",
    values: (rng: Rng) => Float32Array | Int32Array,
  ): T {
    return this.drawing.declare<T>((step) => ({ shape, dtype, values: values(this.from(step)) }));
  }
}
