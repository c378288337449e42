import type { HostTensor, Trace } from "../../backends/compiler.ts";
import type { Rng } from "../../rng.ts";
import { type Scalar, type Tensor, tf } from "../../tf.ts";
import type { Rates } from "./loggers/step_metrics.ts";
import { type BatchPart, type DeclareDraw, TracedRng } from "./traced_rng.ts";

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
  /** Terms that weigh nothing, so that a loss may leave them out; none where left out. */
  readonly idle?: ReadonlySet<string>;
  /** Batches of the step, 1 where left out. */
  readonly batches?: number;
  /** What this rank asks of all; nothing where left out. */
  readonly asks?: Asks;
}

/** What a rank may ask all others to do after the step: to end the run, to save. */
export type Asks = Readonly<Record<"leave" | "save", boolean>>;

/** How a step's tensor code gets at its point, so that no number of it becomes a constant of a compiled step. */
export interface StepInputs {
  readonly step: number;
  readonly rng: Rng;
  /** Those of the point. A compiled step is of all points that have the same. */
  readonly idle: ReadonlySet<string>;
  /** `value` of each step's own point. */
  scalar(value: (at: StepPoint) => number): Scalar;
}

/** A known point's values; of several ranks for this one's `part` of the batch. */
export function inputsAt(point: StepPoint, part?: BatchPart): StepInputs {
  const declare: DeclareDraw = (draw) => tensorOf(draw(point.rng));
  const rng = part === undefined ? point.rng : new TracedRng(point.rng, { declare, escaped: () => {}, part });
  return { step: point.step, rng, idle: idleOf(point), scalar: (value) => tf.scalar(value(point)) };
}

/** Terms that weigh nothing at a point. */
export const idleOf = ({ idle = new Set() }: StepPoint): ReadonlySet<string> => idle;

const tensorOf = <T extends Tensor>({ values, shape, dtype }: HostTensor): T =>
  tf.tensor(values, [...shape], dtype) as T;

/** What `trace` was told of, to be given anew at each step, in order. */
export type Source = (at: StepPoint) => HostTensor;

/** A known point's values, each declared as an input; `sources` gets how to make it for another point. */
export function tracedInputs(
  point: StepPoint,
  trace: Trace,
  sources: Source[],
  part?: BatchPart,
): StepInputs {
  const declare = <T extends Tensor>(source: Source): T => {
    const tensor = tensorOf<T>(source(point));
    trace.input(tensor);
    sources.push(source);
    return tensor;
  };
  return {
    get step() {
      trace.fail("it reads ctx.step, which ctx.schedule makes an input");
      return point.step;
    },
    rng: new TracedRng(point.rng, {
      declare: (draw) => declare(({ rng }) => draw(rng)),
      escaped: (what) =>
        trace.fail(
          `it draws a ${what} in JavaScript, where ctx.rng.normal, uniform and shuffle draw tensors`,
        ),
      part,
    }),
    idle: idleOf(point),
    scalar: (value) =>
      declare<Scalar>((at) => ({ shape: [], dtype: "float32", values: Float32Array.of(value(at)) })),
  };
}
