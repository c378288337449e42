import type { HostTensor, Trace } from "../../backends/compiler.ts";
import { Rng } from "../../rng.ts";
import { type Scalar, type Tensor, type Tensor1D, tf } from "../../tf.ts";

/** The learning rate of every phase, or that of each by its name. */
export type Rates = number | Readonly<Record<string, number>>;

/** The learning rate of a phase. */
export function rateOf(rates: Rates, phase: string): number {
  const rate = typeof rates === "number" ? rates : rates[phase];
  if (rate === undefined) throw new Error(`no learning rate for the phase "${phase}"`);
  return rate;
}

/** Where a step stands: all that changes from one to the next besides parameters and batch. */
export interface StepPoint {
  /** Optimizer steps done before it. */
  readonly step: number;
  readonly lr: Rates;
  /** The step's stream: the run's, folded with the step's number. */
  readonly rng: Rng;
}

/** How a step's tensor code gets at its point, so that no number of it becomes a constant of a compiled step. */
export interface StepInputs {
  readonly step: number;
  readonly rng: Rng;
  /** `value` of each step's own point. */
  scalar(value: (at: StepPoint) => number): Scalar;
}

/** A known point's values. */
export function inputsAt(point: StepPoint): StepInputs {
  return { step: point.step, rng: point.rng, scalar: (value) => tf.scalar(value(point)) };
}

/** What `trace` was told of, to be given anew at each step, in order. */
export type Source = (at: StepPoint) => HostTensor;

/** A known point's values, each declared as an input; `sources` gets how to make it for another point. */
export function tracedInputs(point: StepPoint, trace: Trace, sources: Source[]): StepInputs {
  const declare = <T extends Tensor>(source: Source): T => {
    const { values, shape, dtype } = source(point);
    const tensor = tf.tensor(values, [...shape], dtype) as T;
    trace.input(tensor);
    sources.push(source);
    return tensor;
  };
  return {
    get step() {
      trace.fail("it reads ctx.step, which ctx.schedule makes an input");
      return point.step;
    },
    rng: new TracedRng(
      point.rng,
      (rng) => rng,
      declare,
      (what) =>
        trace.fail(
          `it draws a ${what} in JavaScript, where ctx.rng.normal, uniform and shuffle draw tensors`,
        ),
    ),
    scalar: (value) =>
      declare<Scalar>((at) => ({ shape: [], dtype: "float32", values: Float32Array.of(value(at)) })),
  };
}

/** A stream whose tensors are declared as inputs. */
class TracedRng extends Rng {
  constructor(
    private readonly now: Rng,
    /** The stream of the same folds from another point's. */
    private readonly from: (root: Rng) => Rng,
    private readonly declare: <T extends Tensor>(source: Source) => T,
    private readonly escaped: (what: string) => void,
  ) {
    super(0, 0);
  }

  override fold(part: string | number): Rng {
    const from = (root: Rng) => this.from(root).fold(part);
    return new TracedRng(this.now.fold(part), from, this.declare, this.escaped);
  }

  override normal<T extends Tensor>(shape: number[]): T {
    return this.draw(shape, "float32", (rng, count) => rng.normalArray(count));
  }

  override uniform<T extends Tensor>(shape: number[]): T {
    return this.draw(shape, "float32", (rng, count) => rng.uniformArray(count));
  }

  override shuffle(count: number): Tensor1D {
    return this.draw([count], "int32", (rng) => rng.permutation(count));
  }

  override shuffleColumns(rows: number, columns: number): Tensor1D {
    return this.draw([rows * columns], "int32", (rng) => rng.columnPlaces(rows, columns));
  }

  override integers(count: number, limit: number): Tensor1D {
    return this.draw([count], "int32", (rng) => rng.integerArray(count, limit));
  }

  override normalArray(count: number): Float32Array {
    this.escaped("normalArray");
    return this.now.normalArray(count);
  }

  override uniformArray(count: number): Float32Array {
    this.escaped("uniformArray");
    return this.now.uniformArray(count);
  }

  override permutation(count: number): Int32Array {
    this.escaped("permutation");
    return this.now.permutation(count);
  }

  private draw<T extends Tensor>(
    shape: readonly number[],
    dtype: "float32" | "int32",
    values: (rng: Rng, count: number) => Float32Array | Int32Array,
  ): T {
    const count = shape.reduce((a, b) => a * b, 1);
    return this.declare<T>(({ rng }) => ({ shape, dtype, values: values(this.from(rng), count) }));
  }
}
