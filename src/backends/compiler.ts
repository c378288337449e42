import type { Tensor, Variable } from "../tf.ts";

/** `float32` is what a device calls so in convolutions and products, TF32 on NVIDIA's; `highest` has all its bits. */
export type Precision = "float32" | "bfloat16" | "highest";

/** Numbers of which there are 256 at most: element i is `values[codes[i]]`. */
export interface CodedValues {
  readonly codes: Uint8Array;
  /** [256]. */
  readonly values: Float32Array;
}

/** Rows of one shape that never change, of which batches take some: a backend may keep them on its device, where they fit. */
export class RowTable {
  /** Numbers of the rows that the backend has kept, whose values it asks for no more. */
  readonly kept = new Set<number>();
  private readonly ends: (() => void)[] = [];

  /** @param count of its rows at most */
  constructor(readonly count: number) {}

  /** Has `end` called when nobody takes rows any more. */
  onClose(end: () => void): void {
    this.ends.push(end);
  }

  close(): void {
    for (const end of this.ends.splice(0)) end();
    this.kept.clear();
  }
}

/** A tensor's values before they are one. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
  /** Made when it is first asked for, where they are `coded` or `rows`. */
  readonly values: Float32Array | Int32Array;
  /** Where its first axis counts rows of a table: the table, and their numbers in it. */
  readonly rows?: { readonly table: RowTable; readonly indices: readonly number[] };
  /** Its values in a quarter of the bytes, where they come from bytes. */
  readonly coded?: CodedValues;
}

/** What a step tells its compiler while it is recorded. */
export interface Trace {
  /**
   * Declares a tensor that is given anew at each call; calls give them in the order of these declarations. `values`: of
   * one that each call gives as codes of these values.
   */
  input(tensor: Tensor, values?: Float32Array): void;
  /** Declares that the step depends on something that can't be an input; it is then not compiled. */
  fail(why: string): void;
}

/** One recorded run. */
export interface Recorded {
  /** Results of the run, which the caller disposes. */
  readonly results: readonly Tensor[];
  /** What was recorded, for `compile` alone. */
  readonly recording: unknown;
}

/** A step as one call. */
export interface CompiledStep {
  /**
   * Runs the step and gives the values of its results; the event loop is free meanwhile. Steps take effect in the order
   * of the calls, of which a backend gets as many before the first is done as its `stepsInFlight` says.
   */
  run(inputs: readonly HostTensor[]): Promise<Float32Array[]>;
  /** Makes the variables readable, which they aren't after `run`. */
  syncVariables(): void;
}

/** A backend's way to run a whole step at once. */
export interface StepCompiler {
  /** Runs `body`, a real step, and records it. `variables`: all that it reads and changes. */
  record(variables: readonly Variable[], body: (trace: Trace) => Tensor[]): Recorded;
  /**
   * One function of two recorded runs of the same step on other inputs, or the promise of it, where the event loop is
   * free meanwhile.
   *
   * @param devices that run it together, at most the backend's `devices`, each on a part of the batch; what comes out is
   *   what one device gives, but for rounding
   * @throws Unrecordable where they differ in more than their inputs, or the step did what can't be recorded
   */
  compile(
    variables: readonly Variable[],
    first: Recorded,
    second: Recorded,
    precision: Precision,
    devices?: number,
  ): CompiledStep | Promise<CompiledStep>;
}

/** Why a step can't be compiled: half a sentence with the step as "it". */
export class Unrecordable extends Error {}
