import { UserError } from "../../errors.ts";
import { shellWord } from "../../text/shell.ts";
import type { Group } from "./batch.ts";
import { completed, groupsOf } from "./batch_groups.ts";
import { allFinite, LastGood } from "./last_good.ts";
import type { Rates, StepMetrics } from "./loggers/step_metrics.ts";
import { normsText, notFinite } from "./not_finite.ts";
import type { PrecomputeCache } from "./precompute_cache.ts";
import { type RunContext, ratesAt } from "./run_context.ts";
import type { Saver } from "./saver.ts";

/** Steps between two copies of the state in memory: so many at most are done again to get back to a good one. */
const KEEP_EVERY = 100;
/** Steps in a row that `on_nan: skip` skips. */
const MOST_SKIPPED = 10;

/** A step that came out not finite. */
export interface BadStep {
  readonly batches: Group;
  readonly lr: Rates;
  readonly metrics: StepMetrics;
}

/** The way back to the last good state, from a step whose loss or gradient is not finite. */
export class Recovery {
  private readonly lastGood: LastGood;
  /** Step of the copy in memory. */
  private kept = 0;

  constructor(
    private readonly run: RunContext,
    private readonly saver: Saver,
    private readonly cache: PrecomputeCache,
  ) {
    this.lastGood = new LastGood(run.stepper.variables);
  }

  /** Whether the state after `step` steps is to be kept. */
  isDue(step: number): boolean {
    return step >= this.kept + KEEP_EVERY;
  }

  /** Keeps the state in memory, to go back to. */
  keep(): void {
    const { stepper, state } = this.run;
    stepper.syncVariables();
    this.lastGood.take(state);
    this.kept = state.step;
  }

  /**
   * Undoes the step after `state`, and all that were started after it: the variables are those of `state` again.
   *
   * @throws UserError where the run is to stop; the state is then saved
   */
  async goBack({ batches, lr, metrics }: BadStep): Promise<void> {
    const { state, args, log } = this.run;
    const what = notFinite(state.step + 1, metrics, lr);
    await this.rewind();
    state.skipped++;
    const skips = args.config.trainer_params.on_nan === "skip";
    if (skips && state.skipped <= MOST_SKIPPED) {
      log.warn(`${what}; skipped`);
      return;
    }
    const norms = await this.saveLastGood(batches, lr);
    throw new UserError(
      `${what}. ${norms} ${skips ? `${MOST_SKIPPED} steps in a row were skipped. ` : ""}` +
        "Lower exp_params.LR or set trainer_params.gradient_clip_val" +
        `${skips ? "" : ", or trainer_params.on_nan=skip to leave such batches out"}.${this.whereToGoOn()}`,
    );
  }

  /** Saves the state in memory, where a step may have changed the variables in part and can't be done again. */
  async saveKept(): Promise<void> {
    const { state, stepper } = this.run;
    stepper.syncVariables();
    Object.assign(state, this.lastGood.restore());
    if (state.step > (this.saver.step ?? 0)) await this.saver.save();
  }

  /** Saves the newest state whose variables are finite; the gradient norms at the bad step, a sentence. */
  private async saveLastGood(batches: Group, lr: Rates): Promise<string> {
    const { state, stepper } = this.run;
    const good = allFinite(stepper.variables);
    const norms = normsText(stepper.gradients(batches, state.step, lr));
    state.skipped = 0;
    if (!good) Object.assign(state, this.lastGood.restore());
    const isNew = state.step > (this.saver.step ?? -1);
    if (isNew && (good || allFinite(stepper.variables))) await this.saver.save();
    return norms;
  }

  private whereToGoOn(): string {
    const { checkpoints, path } = this.run.args.folder;
    const { step } = this.saver;
    if (step === undefined) return "";
    return ` The last good step, ${step}, is in ${checkpoints}: vae run --resume ${shellWord(path)} --set …`;
  }

  /** Brings the variables to where `state` says: from the copy in memory, the steps since then done again. */
  private async rewind(): Promise<void> {
    const { stepper, state } = this.run;
    stepper.syncVariables();
    const from = this.lastGood.restore();
    if (from.step >= state.step) return;
    for await (const group of groupsOf(this.run, from)) {
      await stepper.run(await completed(this.cache, group), from.step, ratesAt(this.run, from));
      if (++from.step >= state.step) break;
    }
    stepper.syncVariables();
  }
}
