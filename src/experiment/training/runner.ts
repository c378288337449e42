import { dumpConfig } from "../../config/dump.ts";
import { shellWord } from "../../text/shell.ts";
import { forgetFailure, noteFailure } from "../runs/failure.ts";
import type { RunState } from "../runs/run_state.ts";
import { Callbacks } from "./callbacks.ts";
import { hasStopped, stopReason, stopRuleOf } from "./early_stopping.ts";
import { Interrupt } from "./interrupt.ts";
import { RunLog } from "./loggers/run_log.ts";
import { neverRisen } from "./loss_weights.ts";
import { createPrecomputeCache, type PrecomputeCache } from "./precompute_cache.ts";
import { fromFirst } from "./rank_start.ts";
import { Recovery } from "./recovery.ts";
import { isFirstRank, type RunContext, type TrainArgs } from "./run_context.ts";
import { Saver } from "./saver.ts";
import { type Start, startOf } from "./start.ts";
import { StepLoop } from "./step_loop.ts";
import { createStepper } from "./stepper.ts";
import { Validator } from "./validator.ts";

export type { TrainArgs } from "./run_context.ts";

export interface TrainResult {
  readonly state: RunState;
  /** Metrics of the last validation, `val/…`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Exit code of the signal that ended the run early. */
  readonly interrupted: number | undefined;
  /** Whether the program ended it by its `AbortSignal`. */
  readonly aborted: boolean;
  /** Why it ended before its last step, by early stopping or a callback, where it did. */
  readonly stopped: string | undefined;
  /** Whether it stopped at `until`, before its end. */
  readonly paused: boolean;
  /** Why what came out is of no use, where that is so: all is saved. */
  readonly problem: string | undefined;
}

/**
 * Trains until the config's last epoch or step, or a signal; whatever happens, the folder can be resumed, or, of a new run
 * whose first step fails, is gone.
 */
export async function train(args: TrainArgs): Promise<TrainResult> {
  const run = new Run(args, await startOf(args));
  let isEmpty = false;
  try {
    return await run.train();
  } catch (error) {
    isEmpty = run.isEmpty;
    throw error;
  } finally {
    await run.close();
    if (isEmpty) args.folder.remove();
  }
}

class Run {
  private readonly context: RunContext;
  private readonly interrupt: Interrupt;
  private readonly cache: PrecomputeCache;
  private readonly saver: Saver;
  private readonly recovery: Recovery;
  private readonly steps: StepLoop;
  private readonly validator: Validator;

  constructor(
    private readonly args: TrainArgs,
    private readonly start: Start,
  ) {
    const { state, plan, changed, saved } = start;
    const log = new RunLog({ ...args, ...plan, state, changed });
    const say = (text: string) => log.note(text);
    const { totalSteps } = plan;
    const callbacks = new Callbacks(args.callbacks ?? [], { state, totalSteps, path: args.folder.path });
    this.context = { args, state, plan, log, stepper: createStepper({ ...args, say }), callbacks };
    const together = args.backend.ranks !== undefined;
    this.interrupt = new Interrupt((text) => log.message(text), { ...args, together });
    this.cache = createPrecomputeCache(
      args.config,
      { vae: args.prepared.vae, images: args.prepared.train.size },
      say,
    );
    this.saver = new Saver(this.context, saved);
    this.validator = new Validator(this.context, this.saver);
    const { interrupt, cache, saver } = this;
    this.recovery = new Recovery(this.context, saver, cache);
    const { recovery } = this;
    this.steps = new StepLoop(this.context, { interrupt, cache, saver, recovery });
  }

  async train(): Promise<TrainResult> {
    const { args, saver, interrupt } = this;
    const { log, callbacks } = this.context;
    if (this.start.passed !== "") log.warn(this.start.passed);
    if (args.resume && this.isDone()) {
      if (this.isFinished()) {
        log.alreadyFinished(this.stoppedEarly());
        await log.deliver(this.configText());
      }
      await this.args.backend.ranks?.close();
      return this.result(this.context.state.notFinite);
    }
    forgetFailure(args.folder);
    await log.start(this.configText());
    const { plan } = this.context;
    for (const sentence of neverRisen(args.config.exp_params, plan.totalSteps))
      log.note(`note   ${sentence}`);
    callbacks.restore();
    try {
      await callbacks.start();
      while (!this.isDone()) {
        await this.steps.epoch();
        if (interrupt.came) break; // the end of the epoch, where it is one, comes at resumption
        await this.endOfEpoch();
        await saver.save();
        if (interrupt.came) break;
      }
      await args.backend.ranks?.close(); // none waits for what is left to write
    } catch (error) {
      const lost = args.backend.ranks?.lost(error);
      await this.rescue(lost !== undefined);
      const why = lost === undefined ? error : this.withRemedy(lost);
      if (!this.isEmpty) noteFailure(args.folder, why);
      throw why;
    }
    if (interrupt.came) await saver.save();
    const stopped = this.stopped();
    if (stopped !== undefined) log.message(`stopped early, at step ${this.context.state.step}: ${stopped}`);
    saver.checkSaved();
    const { metrics, problem } = this.validator;
    await callbacks.end();
    if (!interrupt.came && this.isFinished()) await log.finish(metrics, problem === undefined);
    return this.result();
  }

  private configText(): string {
    const { config, baseDir, folder, prepared } = this.args;
    return dumpConfig(config, { from: baseDir, to: folder.path, model: prepared.model });
  }

  /** Whether a new run has neither done a step nor saved anything. */
  get isEmpty(): boolean {
    return !this.args.resume && this.context.state.step === 0 && this.saver.step === undefined;
  }

  /** Whether no steps of the run are left, and its end is dealt with. */
  private isFinished(): boolean {
    return this.endsAt(this.context.plan.totalSteps);
  }

  /** Whether this process has no steps left. */
  private isDone(): boolean {
    return this.endsAt(this.context.plan.lastStep);
  }

  private endsAt(step: number): boolean {
    const { state, callbacks } = this.context;
    const stopped = this.stoppedEarly() !== undefined || callbacks.stopped !== undefined;
    const ends = state.step >= step || stopped;
    return ends && state.ended >= state.step;
  }

  /** Why no more epochs follow, where that is by a metric of validation. */
  private stoppedEarly(): { why: string; patience: number } | undefined {
    const rule = stopRuleOf(this.args.config);
    const { state } = this.context;
    if (rule === undefined || !hasStopped(state, rule)) return undefined;
    return { why: stopReason(state.stopping!, rule), patience: rule.patience };
  }

  /** Why the run ended before its last step, but by nobody from outside. */
  private stopped(): string | undefined {
    return this.interrupt.came ? undefined : (this.stoppedEarly()?.why ?? this.context.callbacks.stopped);
  }

  /** Counts the epoch, where it is at its end, and validates where that is due, which nothing of the epoch depends on. */
  private async endOfEpoch(): Promise<void> {
    const { state, plan, callbacks } = this.context;
    const every = this.args.config.trainer_params.check_val_every_n_epoch;
    const ended = state.batch >= plan.batchesPerEpoch;
    const last = state.step >= plan.lastStep || callbacks.stopped !== undefined;
    const due = last || (ended && (state.epoch + 1) % every === 0);
    if (due) await this.saver.save(); // of the epoch as it ended: whatever validation comes to, it is kept
    if (ended) {
      state.epoch++;
      state.batch = 0;
    }
    if (due) await this.validate();
    state.ended = state.step;
  }

  /** Of several ranks the first validates, and the others hear whether the run stops by what it has found. */
  private async validate(): Promise<void> {
    const { state } = this.context;
    const { ranks } = this.args.backend;
    if (isFirstRank(this.args)) await this.validator.validate();
    if (ranks === undefined) return;
    const { stopping } = await fromFirst(ranks, { stopping: state.stopping });
    state.stopping = stopping;
  }

  /** Saves what an error would else lose: where it came between two steps; else, of a rank that has lost others, what was kept. */
  private async rescue(alone: boolean): Promise<void> {
    const { state, log } = this.context;
    if (!this.steps.isWhole) {
      if (alone)
        await this.recovery.saveKept().catch((error: Error) => log.warn(`not saved: ${error.message}`));
      return;
    }
    if (state.step === 0 || !isFirstRank(this.args)) return;
    if (this.saver.step !== state.step) await this.saver.save();
    if (this.saver.step !== state.step) return;
    const { path } = this.args.folder;
    log.message(`saved at step ${state.step}. To go on: vae run --resume ${shellWord(path)}`);
  }

  private result(problem = this.validator.problem): TrainResult {
    const { metrics } = this.validator;
    const { exitCode: interrupted, came, aborted } = this.interrupt;
    const told = problem !== undefined && !came;
    return {
      state: this.context.state,
      metrics,
      interrupted,
      aborted,
      stopped: this.stopped(),
      paused: !came && !this.isFinished(),
      problem: told ? `${problem}, and the run ended with it. ${this.afterProblem()}` : undefined,
    };
  }

  /** What there is all the same, and what helps. */
  private afterProblem(): string {
    const { state } = this.context;
    const { best } = state;
    const { metrics, monitor } = this.validator;
    const { checkpoints, path } = this.args.folder;
    const chosen =
      best === undefined
        ? "There is no best checkpoint"
        : `The best checkpoint is of step ${best.step ?? "unknown"} (${best.monitor} ${best.value})`;
    const wrongName = Object.keys(metrics).length > 0 && metrics[monitor.monitor] === undefined;
    const remedy = wrongName
      ? `To go on: vae run --resume ${shellWord(path)} --set trainer_params.checkpoint.monitor=…`
      : "Lower exp_params.LR, warm it up (exp_params.lr_warmup_steps) or train longer: where training has finite losses " +
        "and validation not, batch normalization's running statistics lag behind the weights.";
    return `${chosen}; the last one, of step ${state.step}, is in ${checkpoints}. ${remedy}`;
  }

  /** What helps where other ranks were lost. */
  private withRemedy(lost: Error): Error {
    const { step } = this.saver;
    const saved = !isFirstRank(this.args)
      ? ""
      : step === undefined
        ? " Nothing is saved."
        : ` Saved at step ${step}.`;
    lost.message += `.${saved} To go on: start all ranks again, with --resume auto.`;
    return lost;
  }

  async close(): Promise<void> {
    await this.args.backend.ranks?.leave();
    this.interrupt.dispose();
    await this.steps.close();
    await this.cache.close();
    await this.context.log.close();
  }
}
