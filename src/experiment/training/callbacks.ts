import type { RunState } from "../runs/run_state.ts";
import type { Rates, StepMetrics } from "./loggers/step_metrics.ts";

/** Where a run stands when a callback is called. */
export interface RunEvent {
  /** Optimizer steps done. */
  readonly step: number;
  /** Whole epochs done. */
  readonly epoch: number;
  /** Steps of the whole run. */
  readonly totalSteps: number;
  /** Folder of the run. */
  readonly run: string;
  /**
   * Ends the run after the steps under way, with a validation and a checkpoint, as one that has reached its last step.
   *
   * @param reason half a sentence for the user: `the ELBO is good enough`
   */
  stop(reason: string): void;
}

/** A step is done. With a backend that takes several steps at once, the next may be under way. */
export interface StepEvent extends RunEvent {
  /** The weighted sum that was minimized; not finite of a step that `on_nan: skip` left out. */
  readonly total: number;
  /** Each loss term, unweighted, by name; without those that the step left out because they weigh nothing. */
  readonly terms: Readonly<Record<string, number>>;
  /** What the model logs besides. */
  readonly scalars: Readonly<Record<string, number>>;
  /** Global L2 norm of the gradient before clipping. */
  readonly gradientNorm: number;
  /** The learning rate of each phase. */
  readonly learningRates: Rates;
}

/** A validation is done. */
export interface ValidationEvent extends RunEvent {
  /** Its metrics: `val/total`, `val/elbo`, …; empty where no images are kept for validation. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Whether the state is the best so far, so that the next checkpoint is `best.safetensors`. */
  readonly isBest: boolean;
}

/** A checkpoint was written. */
export interface CheckpointEvent extends RunEvent {
  /** Its file. */
  readonly file: string;
  readonly isBest: boolean;
}

type Awaitable = void | Promise<void>;

/**
 * What a program does while a run trains: an object or an instance of a class with any of these. Training waits for what they
 * return. What they throw ends the run, which is saved as far as it is whole.
 */
export interface Callback {
  /** Names what `save` gives in checkpoints; left out: its class's name. */
  readonly name?: string;
  /** Before the first step, or the first after resumption. */
  onStart?(event: RunEvent): Awaitable;
  onStep?(event: StepEvent): Awaitable;
  onValidation?(event: ValidationEvent): Awaitable;
  onCheckpoint?(event: CheckpointEvent): Awaitable;
  /** The run has ended, whether it has reached its end or not, but not by an error. */
  onEnd?(event: RunEvent): Awaitable;
  /** What it has to know when the run is gone on with, as JSON can hold it; every checkpoint keeps it. */
  save?(): unknown;
  /** Gets what `save` gave, before `onStart`, where a run is gone on with. */
  restore?(saved: unknown): void;
}

type Moment = "onStart" | "onStep" | "onValidation" | "onCheckpoint" | "onEnd";

/** The callbacks of a run, called in their order. */
export class Callbacks {
  /** Why one of them has the run end; undefined: none does. */
  stopped: string | undefined;

  constructor(
    private readonly all: readonly Callback[],
    private readonly run: {
      readonly state: Readonly<RunState>;
      readonly totalSteps: number;
      readonly path: string;
    },
  ) {}

  /** Puts what the checkpoint that the run goes on from has of them into them. */
  restore(): void {
    const { callbacks = {} } = this.run.state;
    for (const one of this.all) {
      const name = nameOf(one);
      if (name in callbacks) one.restore?.(callbacks[name]);
    }
  }

  /** What a checkpoint keeps of them; undefined: nothing. */
  saved(): Readonly<Record<string, unknown>> | undefined {
    const entries = this.all.flatMap((one) => (one.save === undefined ? [] : [[nameOf(one), one.save()]]));
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  }

  start = (): Promise<void> => this.call("onStart", {});

  end = (): Promise<void> => this.call("onEnd", {});

  step({ total, terms, scalars, gradNorm }: StepMetrics, learningRates: Rates): Promise<void> {
    return this.call("onStep", { total, terms, scalars, gradientNorm: gradNorm, learningRates });
  }

  validation = (event: Pick<ValidationEvent, "metrics" | "isBest">): Promise<void> =>
    this.call("onValidation", event);

  checkpoint = (event: Pick<CheckpointEvent, "file" | "isBest">): Promise<void> =>
    this.call("onCheckpoint", event);

  private async call(moment: Moment, what: object): Promise<void> {
    for (const one of this.all) await one[moment]?.({ ...this.event(), ...what } as never);
  }

  private event(): RunEvent {
    const { state, totalSteps, path } = this.run;
    const stop = (reason: string) => {
      this.stopped ??= reason;
    };
    return { step: state.step, epoch: state.epoch, totalSteps, run: path, stop };
  }
}

const nameOf = (one: Callback): string => one.name ?? one.constructor.name;
