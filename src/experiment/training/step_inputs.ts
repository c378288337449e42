import type { HostTensor, Trace } from "../../backends/compiler.ts";
import type { Rng } from "../../rng.ts";
import { type Scalar, type Tensor, tf } from "../../tf.ts";
import type { Rates } from "./loggers/step_metrics.ts";
import { TracedRng } from "./traced_rng.ts";

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
  /** The stream of a batch in it: the run's, folded with the step's number. */
  readonly rng: Rng;
  /** Batches of the step, 1 where left out. */
  readonly batches?: number;
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
      (draw) => declare(({ rng }) => draw(rng)),
      (what) =>
        trace.fail(
          `it draws a ${what} in JavaScript, where ctx.rng.normal, uniform and shuffle draw tensors`,
        ),
    ),
    scalar: (value) =>
      declare<Scalar>((at) => ({ shape: [], dtype: "float32", values: Float32Array.of(value(at)) })),
  };
}
