import {
  type CompiledStep,
  type HostTensor,
  type Precision,
  type StepCompiler,
  type Trace,
  Unrecordable,
} from "../backends/compiler.ts";
import type { BackendInfo } from "../backends/index.ts";
import type { Config } from "../config/schema.ts";
import type { HostBatch } from "../data/loader.ts";
import { type Tensor, tf, type Variable } from "../tf.ts";
import { withTensors } from "./evaluate.ts";
import type { Prepared } from "./prepare.ts";
import { type Figures, flatten, type StepArgs, stepTensors, trainStep } from "./step.ts";
import { type Source, type StepPoint, tracedInputs } from "./step_inputs.ts";

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
  readonly prepared: Prepared;
  readonly backend: BackendInfo;
  say(text: string): void;
}): Stepper {
  const { trainer_params: trainer } = run.config;
  const { vae, weights, optimizers, rng } = run.prepared;
  return new Stepper(
    { vae, weights, optimizers, rng: rng.fold("step"), gradientClip: trainer.gradient_clip_val },
    {
      compiler: trainer.compile ? run.backend.compiler : undefined,
      precision: trainer.precision,
      say: run.say,
    },
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

  /** One step on a batch, at optimizer step `step` with learning rate `lr`. */
  async run(host: HostBatch, step: number, lr: number): Promise<Figures> {
    const at: StepPoint = { step, lr, rng: this.args.rng.fold(step) };
    const program = this.program(host, at);
    if (program === undefined) {
      this.giveBack();
      return withTensors(host, (batch) => trainStep(this.args, batch, step, lr));
    }
    const values = await program.step.run([...batchTensors(host), ...program.sources.map((s) => s(at))]);
    return program.rebuild(values.map((v) => v[0]!));
  }

  /** Makes the model's variables readable. */
  giveBack(): void {
    for (const { step } of this.programs.values()) step.giveBack();
  }

  private program(host: HostBatch, at: StepPoint): Program | undefined {
    if (this.compiler === undefined) return undefined;
    const key = batchTensors(host)
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
        `note   the training step can't be compiled: ${error.message}; it runs op by op, slower`,
      );
      this.compiler = undefined;
      return undefined;
    }
  }

  /** Rehearses the step twice, at this point and the next, and undoes what it did. */
  private compile(compiler: StepCompiler, host: HostBatch, at: StepPoint): Program {
    const variables = this.variables();
    const before = variables.map((v) => tf.tidy(() => tf.mul(v, 1))); // a clone would share what is changed in place
    const next: StepPoint = { step: at.step + 1, lr: at.lr / 2, rng: this.args.rng.fold(at.step + 1) };
    let sources: Source[] = [];
    let rebuild: Program["rebuild"] | undefined;
    const rehearse = (point: StepPoint) => {
      sources = [];
      const recorded = withTensors(host, (batch) =>
        compiler.record(variables, (trace) => {
          declareBatch(trace, batch.images, batch.labels);
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

  private variables(): Variable[] {
    const { vae, optimizers } = this.args;
    const state = [...optimizers.values()].flatMap((o) => [...o.state.values()]);
    return [...[...vae.params.values()].map((p) => p.value), ...state];
  }
}

function declareBatch(trace: Trace, images: Tensor, labels: Tensor | undefined): void {
  trace.input(images);
  if (labels !== undefined) trace.input(labels);
}

/** A batch's tensors in the order in which they are declared. */
function batchTensors({ images, labels, shape }: HostBatch): HostTensor[] {
  const found: HostTensor[] = [{ shape, dtype: "float32", values: images }];
  if (labels !== undefined)
    found.push({ shape: [shape[0], labels.length / shape[0]], dtype: "float32", values: labels });
  return found;
}
