import type { Tensor, Variable } from "../tf.ts";

/** `float32` is what a device calls so in convolutions and products, TF32 on NVIDIA's; `highest` has all its bits. */
export type Precision = "float32" | "bfloat16" | "highest";

/** A tensor's values before they are one. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32";
  readonly values: Float32Array | Int32Array;
}

/** What a step tells its compiler while it is recorded. */
export interface Trace {
  /** Declares a tensor that is given anew at each call; calls give them in the order of these declarations. */
  input(tensor: Tensor): void;
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
   * One function of two recorded runs of the same step on other inputs.
   *
   * @throws Unrecordable where they differ in more than their inputs, or the step did what can't be recorded
   */
  compile(
    variables: readonly Variable[],
    first: Recorded,
    second: Recorded,
    precision: Precision,
  ): CompiledStep;
}

/** Why a step can't be compiled: half a sentence with the step as "it". */
export class Unrecordable extends Error {}
