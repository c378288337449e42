import {
  type CompiledStep,
  type Precision,
  type StepCompiler,
  Unrecordable,
} from "../../backends/compiler.ts";
import type { BackendInfo } from "../../backends/use_backend.ts";
import type { Config } from "../../config/schema.ts";
import { tf, type Variable } from "../../tf.ts";
import { hostTensors, type PreparedBatch, withTensors } from "./batch.ts";
import type { Prepared } from "./prepared.ts";
import { type Figures, flatten, type StepArgs, stepGradients, stepTensors, trainStep } from "./step.ts";
import { inputsAt, type Rates, type Source, type StepPoint, tracedInputs } from "./step_inputs.ts";

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
  rebuild(values: readonly number[]): Figures;
}

/** The training steps of a config on the backend in use. */
export function createStepper(run: {
  readonly config: Config;
  readonly prepared: Pick<Prepared, "vae" | "weights" | "optimizers" | "rng">;
  readonly backend: BackendInfo;
  say(text: string): void;
}): Stepper {
  const { trainer_params: trainer } = run.config;
  const { vae, weights, optimizers, rng } = run.prepared;
  const compiler = trainer.compile ? run.backend.compiler : undefined;
  if (compiler === undefined && trainer.precision === "bfloat16")
    run.say(`note   trainer_params.precision: ${run.backend.name} computes in float32`);
  return new Stepper(
    { vae, weights, optimizers, rng: rng.fold("step"), gradientClip: trainer.gradient_clip_val },
    { compiler, precision: trainer.precision, say: run.say },
  );
}

/**
 * Training steps: each compiled at the first batch of its shape and run as one call from then on, or op by op
 * where that can't be. Between `run` and `giveBack` the model's variables can't be read.
 */
export class Stepper {
  /** By the batch's shape. */
  private readonly programs = new Map<string, Program>();
  private compiler: StepCompiler | undefined;

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

  /** Whether `run` may be called before the figures of the step before are there; the steps keep their order. */
  get queues(): boolean {
    return this.compiler?.queues === true;
  }

  /** Names of the model's phases. */
  get phases(): readonly string[] {
    return this.args.vae.phases.map(({ name }) => name);
  }

  /** One step on a batch, at optimizer step `step` with the learning rates `lr`. */
  async run(host: PreparedBatch, step: number, lr: Rates): Promise<Figures> {
    const at: StepPoint = { step, lr, rng: this.args.rng.fold(step) };
    const program = this.program(host, at);
    if (program === undefined) {
      this.giveBack();
      return withTensors(host, (batch) => trainStep(this.args, batch, step, lr));
    }
    const values = await program.step.run([...hostTensors(host), ...program.sources.map((s) => s(at))]);
    return program.rebuild(values.map((v) => v[0]!));
  }

  /** All that a step reads and changes: parameters, running statistics, optimizer state. */
  get variables(): readonly Variable[] {
    const { vae, optimizers } = this.args;
    const state = [...optimizers.values()].flatMap((o) => [...o.state.values()]);
    return [...[...vae.params.values()].map((p) => p.value), ...state];
  }

  /**
   * The gradients that `run` of the same arguments is about to take, by parameter name, before clipping and in
   * float32; computed op by op, so slower. Changes nothing; the model's variables can be read after it.
   */
  gradients(host: PreparedBatch, step: number, lr: Rates): Map<string, Float32Array> {
    this.giveBack();
    const at = inputsAt({ step, lr, rng: this.args.rng.fold(step) });
    return withTensors(host, (batch) => stepGradients(this.args, batch, at));
  }

  /** Makes the model's variables readable. */
  giveBack(): void {
    for (const { step } of this.programs.values()) step.giveBack();
  }

  private program(host: PreparedBatch, at: StepPoint): Program | undefined {
    if (this.compiler === undefined) return undefined;
    const key = hostTensors(host)
      .map((t) => t.shape.join("x"))
      .join(" ");
    const found = this.programs.get(key);
    if (found !== undefined) return found;
    this.giveBack();
    try {
      const program = this.compile(this.compiler, host, at);
      this.programs.set(key, program);
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
  private compile(compiler: StepCompiler, host: PreparedBatch, at: StepPoint): Program {
    const { variables } = this;
    const before = variables.map((v) => tf.tidy(() => tf.mul(v, 1))); // a clone would share what is changed in place
    const next: StepPoint = { step: at.step + 1, lr: halved(at.lr), rng: this.args.rng.fold(at.step + 1) };
    let sources: Source[] = [];
    let rebuild: Program["rebuild"] | undefined;
    const rehearse = (point: StepPoint) => {
      sources = [];
      const recorded = withTensors(host, (batch, tensors) =>
        compiler.record(variables, (trace) => {
          for (const tensor of tensors) trace.input(tensor);
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

/** Other learning rates, so that one which is no input of a compiled step shows. */
function halved(lr: Rates): Rates {
  if (typeof lr === "number") return lr / 2;
  return Object.fromEntries(Object.entries(lr).map(([phase, rate]) => [phase, rate / 2]));
}
