import {
  type CompiledStep,
  type Precision,
  type StepCompiler,
  Unrecordable,
} from "../../backends/compiler.ts";
import type { BackendInfo } from "../../backends/use_backend.ts";
import type { Config } from "../../config/schema.ts";
import { nextTurn } from "../../process/turn.ts";
import { tf, type Variable } from "../../tf.ts";
import { type Group, hostTensors, type StepBatch, withTensors } from "./batch.ts";
import { devicesNote, devicesOf, ranksNote } from "./devices.ts";
import type { Rates, StepMetrics } from "./loggers/step_metrics.ts";
import { flatten, overBatches, readMetrics } from "./metric_tensors.ts";
import type { Prepared } from "./prepared.ts";
import { type Part, pointOf, type StepArgs, stepGradients, stepTensors } from "./step.ts";
import { type Asks, idleOf, inputsAt, type Source, type StepPoint, tracedInputs } from "./step_inputs.ts";

export interface StepperOptions {
  /** Runs whole steps at once; op by op where undefined. */
  readonly compiler: StepCompiler | undefined;
  readonly precision: Precision;
  /** That run a compiled step together; 1 where left out. */
  readonly devices?: number;
  /** Batches that the backend is given before the first of them is done; 1 where left out. */
  readonly inFlight?: number | undefined;
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
  readonly prepared: Pick<Prepared, "vae" | "weights" | "optimizers" | "average" | "sums" | "rng">;
  readonly backend: BackendInfo;
  say(text: string): void;
}): Stepper {
  const { trainer_params: trainer } = run.config;
  const { vae, weights, optimizers, average, sums, rng } = run.prepared;
  const compiler = trainer.compile ? run.backend.compiler : undefined;
  if (compiler === undefined && trainer.precision === "bfloat16")
    run.say(`note   trainer_params.precision: ${run.backend.name} computes in float32`);
  const devices = devicesOf(run.config, run.backend);
  if (devices > 1 || (run.backend.devices ?? 1) > 1) run.say(devicesNote(devices, run));
  if (run.backend.ranks !== undefined) run.say(ranksNote(run.backend.ranks, run.config));
  return new Stepper(
    {
      vae,
      weights,
      optimizers,
      average,
      sums,
      rng: rng.fold("step"),
      gradientClip: trainer.gradient_clip_val,
      ranks: run.backend.ranks,
    },
    {
      compiler,
      precision: trainer.precision,
      devices,
      inFlight: run.backend.stepsInFlight,
      say: run.say,
    },
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
  /** By the batch's shape, part of a step and idle terms. */
  private readonly programs = new Map<string, Program>();
  private compiler: StepCompiler | undefined;
  /** A promise for each batch that the backend is at, which says when it is done, the oldest first. */
  private readonly running = new Set<Promise<unknown>>();

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
   * Starts a step on a batch, or on several whose gradients it takes the mean of, at optimizer step `step` with the
   * learning rates `lr`. Where the backend takes it before the one in front of it is done, that one is still running;
   * else it is waited for. Its metrics are means over the batches. `asks`: of all ranks, where there are several.
   */
  async start(batches: StepBatch | Group, step: number, lr: Rates, asks?: Asks): Promise<StartedStep> {
    const group = [batches].flat();
    const started: Promise<StepMetrics>[] = [];
    for (const [i, batch] of group.entries()) {
      if (i > 0) await this.room();
      const at = { ...this.pointOf(step, lr, group, i), ...(asks && { asks }) };
      started.push(this.track(await this.startBatch(batch, at, this.partOf(group, i))));
    }
    return { metrics: Promise.all(started).then(overBatches) };
  }

  /** A step from its start to its end. */
  async run(batches: StepBatch | Group, step: number, lr: Rates): Promise<StepMetrics> {
    return (await this.start(batches, step, lr)).metrics;
  }

  /** Where batch `i` of a step stands; the first has the step's own stream, as the only one has. */
  private pointOf(step: number, lr: Rates, group: Group, i: number): StepPoint {
    const first = pointOf(this.args, step, lr);
    const rng = i === 0 ? first.rng : first.rng.fold("batch").fold(i);
    return { ...first, rng, batches: group.length };
  }

  private partOf(group: Group, i: number): Part {
    if (this.args.sums !== undefined) return i === group.length - 1 ? "last" : "more";
    if (group.length === 1) return "only";
    throw new Error(`a step on ${group.length} batches has to hold sums of their gradients`);
  }

  /** Starts one batch of a step; `metrics` once it is done. Wrapped, since a promise of a promise would be waited for. */
  private async startBatch(
    batch: StepBatch,
    at: StepPoint,
    part: Part,
  ): Promise<{ readonly metrics: Promise<StepMetrics> }> {
    const program = this.programOf(batch, at, part) ?? (await this.newProgram(batch, at, part));
    const metrics =
      program === undefined
        ? withTensors(batch, (tensors) =>
            readMetrics(stepTensors(this.args, tensors, inputsAt(at, this.args.ranks), part)),
          )
        : resultsOf(program, batch, at);
    return { metrics: Promise.resolve(metrics) };
  }

  /** Counts a batch as running until it is done. */
  private track({ metrics }: { readonly metrics: Promise<StepMetrics> }): Promise<StepMetrics> {
    const done: Promise<unknown> = metrics.catch(() => {}).then(() => this.running.delete(done)); // its error comes with the metrics
    this.running.add(done);
    return metrics;
  }

  /** Waits until the backend takes one more batch; signals and prefetch get their turn. */
  private async room(): Promise<void> {
    await nextTurn();
    while (this.running.size >= (this.options.inFlight ?? 1)) await this.running.values().next().value;
  }

  /** All that a step reads and changes: parameters, running statistics, optimizer state, averages, sums. */
  get variables(): readonly Variable[] {
    const { vae, optimizers, average, sums } = this.args;
    const state = [...optimizers.values()].flatMap((o) => [...o.state.values()]);
    const more = [...(average?.state.values() ?? []), ...(sums?.variables ?? [])];
    return [...[...vae.params.values()].map((p) => p.value), ...state, ...more];
  }

  /**
   * The gradients that `run` of the same arguments is about to take, by parameter name, before clipping and in
   * float32; computed op by op, so slower. Changes nothing; the model's variables can be read after it. Of several
   * batches all see what no optimizer owns (an EMA codebook) as it is before the first.
   */
  gradients(batches: StepBatch | Group, step: number, lr: Rates): Map<string, Float32Array> {
    this.syncVariables();
    const group = [batches].flat();
    const all = group.map((batch, i) => {
      const at = inputsAt(this.pointOf(step, lr, group, i), this.args.ranks);
      return withTensors(batch, (tensors) => stepGradients(this.args, tensors, at));
    });
    if (all.length === 1) return all[0]!;
    const mean = (name: string) => (_: number, k: number) =>
      all.reduce((sum, found) => sum + found.get(name)![k]!, 0) / all.length;
    return new Map([...all[0]!].map(([name, first]) => [name, first.map(mean(name))]));
  }

  /** Makes the model's variables readable, where no step is still running. */
  syncVariables(): void {
    for (const { step } of this.programs.values()) step.syncVariables();
  }

  /** That of the batch's shape, part and idle terms, where it was compiled before. */
  private programOf(batch: StepBatch, at: StepPoint, part: Part): Program | undefined {
    return this.compiler && this.programs.get(keyOf(batch, at, part));
  }

  /** Compiles the step, where it can be, once nothing runs; the variables can then be read. */
  private async newProgram(batch: StepBatch, at: StepPoint, part: Part): Promise<Program | undefined> {
    await Promise.all(this.running);
    this.syncVariables();
    if (this.compiler === undefined) return undefined;
    try {
      const program = await this.compile(this.compiler, batch, at, part);
      this.programs.set(keyOf(batch, at, part), program);
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
  private async compile(
    compiler: StepCompiler,
    host: StepBatch,
    at: StepPoint,
    part: Part,
  ): Promise<Program> {
    const { variables } = this;
    const before = variables.map((v) => tf.tidy(() => tf.mul(v, 1))); // a clone would share what is changed in place
    const step = at.step + 1;
    const rng = this.args.rng.fold(step);
    const { batches = 1 } = at;
    const next = { step, lr: halved(at.lr), rng, idle: idleOf(at), batches: batches + 1 };
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
          const flat = flatten(
            stepTensors(this.args, batch, tracedInputs(point, trace, sources, this.args.ranks), part),
          );
          rebuild = flat.rebuild;
          return flat.tensors;
        }),
      );
      tf.dispose([...recorded.results]);
      return recorded;
    };
    try {
      const [first, second] = [rehearse(at), rehearse(next)];
      const { precision, devices } = this.options;
      const step = await compiler.compile(variables, first, second, precision, devices);
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

const keyOf = (batch: StepBatch, at: StepPoint, part: Part): string =>
  [part, ...hostTensors(batch).map((t) => t.shape.join("x")), ...idleOf(at)].join(" ");

/** Other learning rates, so that one which is no input of a compiled step shows. */
function halved(lr: Rates): Rates {
  if (typeof lr === "number") return lr / 2;
  return Object.fromEntries(Object.entries(lr).map(([phase, rate]) => [phase, rate / 2]));
}
