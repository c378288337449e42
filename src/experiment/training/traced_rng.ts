import type { HostTensor } from "../../backends/compiler.ts";
import type { Rng } from "../../rng.ts";
import type { Tensor, Tensor1D } from "../../tf.ts";

/** Declares a tensor that is made anew of each step's stream. */
export type DeclareDraw = <T extends Tensor>(draw: (step: Rng) => HostTensor) => T;

/** A stream whose tensors are inputs of a compiled step; numbers that it gives to JavaScript would be constants of it. */
export class TracedRng implements Rng {
  constructor(
    private readonly now: Rng,
    private readonly declare: DeclareDraw,
    /** Is told of numbers that are given to JavaScript. */
    private readonly escaped: (what: string) => void,
    /** The stream of the same folds, from the stream of another step. */
    private readonly from: (step: Rng) => Rng = (step) => step,
  ) {}

  fold(part: string | number): Rng {
    const from = (step: Rng) => this.from(step).fold(part);
    return new TracedRng(this.now.fold(part), this.declare, this.escaped, from);
  }

  normal<T extends Tensor>(shape: number[]): T {
    return this.draw(shape, "float32", (rng, count) => rng.normalArray(count));
  }

  uniform<T extends Tensor>(shape: number[]): T {
    return this.draw(shape, "float32", (rng, count) => rng.uniformArray(count));
  }

  shuffle(count: number): Tensor1D {
    return this.draw([count], "int32", (rng) => rng.permutation(count));
  }

  shuffleColumns(rows: number, columns: number): Tensor1D {
    return this.draw([rows * columns], "int32", (rng) => rng.columnPlaces(rows, columns));
  }

  windows(count: number, size: readonly [number, number], side: number): Tensor1D {
    return this.draw([count * side * side], "int32", (rng) => rng.windowPlaces(count, size, side));
  }

  integers(count: number, limit: number): Tensor1D {
    return this.draw([count], "int32", (rng) => rng.integerArray(count, limit));
  }

  normalArray(count: number): Float32Array {
    this.escaped("normalArray");
    return this.now.normalArray(count);
  }

  uniformArray(count: number): Float32Array {
    this.escaped("uniformArray");
    return this.now.uniformArray(count);
  }

  uniformAt(index: number): number {
    this.escaped("uniformAt");
    return this.now.uniformAt(index);
  }

  permutation(count: number): Int32Array {
    this.escaped("permutation");
    return this.now.permutation(count);
  }

  subset(count: number, of: number): Int32Array {
    this.escaped("subset");
    return this.now.subset(count, of);
  }

  columnPlaces(rows: number, columns: number): Int32Array {
    this.escaped("columnPlaces");
    return this.now.columnPlaces(rows, columns);
  }

  windowPlaces(count: number, size: readonly [number, number], side: number): Int32Array {
    this.escaped("windowPlaces");
    return this.now.windowPlaces(count, size, side);
  }

  integerArray(count: number, limit: number): Int32Array {
    this.escaped("integerArray");
    return this.now.integerArray(count, limit);
  }

  private draw<T extends Tensor>(
    shape: readonly number[],
    dtype: "float32" | "int32",
    values: (rng: Rng, count: number) => Float32Array | Int32Array,
  ): T {
    const count = shape.reduce((a, b) => a * b, 1);
    return this.declare<T>((step) => ({ shape, dtype, values: values(this.from(step), count) }));
  }
}
