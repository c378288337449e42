import {
  type CompiledStep,
  type Precision,
  type StepCompiler,
  Unrecordable,
} from "../../backends/compiler.ts";
import type { BackendInfo } from "../../backends/use_backend.ts";
import type { Config } from "../../config/schema.ts";
import { tf, type Variable } from "../../tf.ts";
import { hostTensors, type StepBatch, withTensors } from "./batch.ts";
import type { Rates, StepMetrics } from "./loggers/step_metrics.ts";
import { flatten } from "./metric_tensors.ts";
import type { Prepared } from "./prepared.ts";
import { type StepArgs, stepGradients, stepTensors, trainStep } from "./step.ts";
import { inputsAt, type Source, type StepPoint, tracedInputs } from "./step_inputs.ts";

export interface StepperOptions {
  /** Runs whole steps at once; op by op where undefined. */
  readonly compiler: StepCompiler | undefined;
  readonly precision: Precision;
  /** Takes a sentence for the user. */
  say(text: string): void;
}

interface Program {
  readonly step: CompiledStep;
  readonly sources: readonly Source[];
  rebuild(values: readonly number[]): StepMetrics;
}

/** The training steps of a config on the backend in use. */
export function createStepper(run: {
  readonly config: Config;
  readonly prepared: Pick<Prepared, "vae" | "weights" | "optimizers" | "average" | "rng">;
  readonly backend: BackendInfo;
  say(text: string): void;
}): Stepper {
  const { trainer_params: trainer } = run.config;
  const { vae, weights, optimizers, average, rng } = run.prepared;
  const compiler = trainer.compile ? run.backend.compiler : undefined;
  if (compiler === undefined && trainer.precision === "bfloat16")
    run.say(`note   trainer_params.precision: ${run.backend.name} computes in float32`);
  return new Stepper(
    { vae, weights, optimizers, average, rng: rng.fold("step"), gradientClip: trainer.gradient_clip_val },
    { compiler, precision: trainer.precision, say: run.say },
  );
}

/** A step that was started: the device may still be at it. */
export interface StartedStep {
  /** What it comes to; rejects where the step fails. */
  readonly metrics: Promise<StepMetrics>;
}

/**
 * Training steps: each compiled at the first batch of its shape and run as one call from then on, or op by op
 * where that can't be. They take effect in the order in which they are started; from the start of one to
 * `syncVariables`, all started ones being done, the model's variables can't be read.
 */
export class Stepper {
  /** By the batch's shape. */
  private readonly programs = new Map<string, Program>();
  private compiler: StepCompiler | undefined;
  /** Settled once every step that was started is. */
  private started: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly args: StepArgs,
    private readonly options: StepperOptions,
  ) {
    this.compiler = options.compiler;
  }

  /** Whether a step was compiled. */
  get compiled(): boolean {
    return this.programs.size > 0;
  }

  /** Names of the model's phases. */
  get phases(): readonly string[] {
    return this.args.vae.phases.map(({ name }) => name);
  }

  /**
   * Starts a step on a batch, at optimizer step `step` with the learning rates `lr`. Where the backend takes it before
   * the one in front of it is done, that one is still running; else it is waited for.
   */
  async start(batch: StepBatch, step: number, lr: Rates): Promise<StartedStep> {
    const at: StepPoint = { step, lr, rng: this.args.rng.fold(step) };
    const program = this.programOf(batch) ?? (await this.newProgram(batch, at));
    const metrics =
      program === undefined
        ? withTensors(batch, (tensors) => trainStep(this.args, tensors, step, lr))
        : resultsOf(program, batch, at);
    const started = { metrics: Promise.resolve(metrics) };
    this.started = Promise.allSettled([this.started, started.metrics]);
    return started;
  }

  /** A step from its start to its end. */
  async run(batch: StepBatch, step: number, lr: Rates): Promise<StepMetrics> {
    return (await this.start(batch, step, lr)).metrics;
  }

  /** All that a step reads and changes: parameters, running statistics, optimizer state, averaged weights. */
  get variables(): readonly Variable[] {
    const { vae, optimizers, average } = this.args;
    const state = [...optimizers.values()].flatMap((o) => [...o.state.values()]);
    return [...[...vae.params.values()].map((p) => p.value), ...state, ...(average?.state.values() ?? [])];
  }

  /**
   * The gradients that `run` of the same arguments is about to take, by parameter name, before clipping and in
   * float32; computed op by op, so slower. Changes nothing; the model's variables can be read after it.
   */
  gradients(batch: StepBatch, step: number, lr: Rates): Map<string, Float32Array> {
    this.syncVariables();
    const at = inputsAt({ step, lr, rng: this.args.rng.fold(step) });
    return withTensors(batch, (tensors) => stepGradients(this.args, tensors, at));
  }

  /** Makes the model's variables readable, where no step is still running. */
  syncVariables(): void {
    for (const { step } of this.programs.values()) step.syncVariables();
  }

  /** That of the batch's shape, where it was compiled before. */
  private programOf(batch: StepBatch): Program | undefined {
    return this.compiler && this.programs.get(shapesOf(batch));
  }

  /** Compiles the step, where it can be, once nothing runs; the variables can then be read. */
  private async newProgram(batch: StepBatch, at: StepPoint): Promise<Program | undefined> {
    await this.started;
    this.syncVariables();
    if (this.compiler === undefined) return undefined;
    try {
      const program = this.compile(this.compiler, batch, at);
      this.programs.set(shapesOf(batch), program);
      return program;
    } catch (error) {
      if (!(error instanceof Unrecordable)) throw error;
      this.options.say(
        `note   the training step can't be compiled: ${error.message}; it runs op by op, slower and in float32`,
      );
      this.compiler = undefined;
      return undefined;
    }
  }

  /** Rehearses the step twice, at this point and the next, and undoes what it did. */
  private compile(compiler: StepCompiler, host: StepBatch, at: StepPoint): Program {
    const { variables } = this;
    const before = variables.map((v) => tf.tidy(() => tf.mul(v, 1))); // a clone would share what is changed in place
    const next: StepPoint = { step: at.step + 1, lr: halved(at.lr), rng: this.args.rng.fold(at.step + 1) };
    const given = hostTensors(host);
    let sources: Source[] = [];
    let rebuild: Program["rebuild"] | undefined;
    const rehearse = (point: StepPoint) => {
      sources = [];
      const recorded = withTensors(host, (batch, tensors) =>
        compiler.record(variables, (trace) => {
          tensors.forEach((tensor, i) => {
            trace.input(tensor, given[i]!.coded?.values);
          });
          const flat = flatten(stepTensors(this.args, batch, tracedInputs(point, trace, sources)));
          rebuild = flat.rebuild;
          return flat.tensors;
        }),
      );
      tf.dispose([...recorded.results]);
      return recorded;
    };
    try {
      const [first, second] = [rehearse(at), rehearse(next)];
      const step = compiler.compile(variables, first, second, this.options.precision);
      return { step, sources, rebuild: rebuild! };
    } finally {
      variables.forEach((v, i) => {
        v.assign(before[i]!);
      });
      tf.dispose(before);
    }
  }
}

/** The step's metrics once the backend has them; it is started before this returns. */
async function resultsOf({ step, sources, rebuild }: Program, batch: StepBatch, at: StepPoint) {
  const values = await step.run([...hostTensors(batch), ...sources.map((source) => source(at))]);
  return rebuild(values.map((v) => v[0]!));
}

const shapesOf = (batch: StepBatch): string =>
  hostTensors(batch)
    .map((t) => t.shape.join("x"))
    .join(" ");

/** Other learning rates, so that one which is no input of a compiled step shows. */
function halved(lr: Rates): Rates {
  if (typeof lr === "number") return lr / 2;
  return Object.fromEntries(Object.entries(lr).map(([phase, rate]) => [phase, rate / 2]));
}
