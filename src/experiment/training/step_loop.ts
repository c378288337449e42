import type { RankGroup } from "../../backends/ranks.ts";
import { Ahead } from "../../data/ahead.ts";
import type { HostBatch } from "../../data/loader.ts";
import { nextTurn } from "../../process/turn.ts";
import type { Group } from "./batch.ts";
import { completed, groupsOf, imagesOf } from "./batch_groups.ts";
import { gradientsAndWeights, histogramsAreDue } from "./histograms.ts";
import type { Interrupt } from "./interrupt.ts";
import type { Rates, StepMetrics } from "./loggers/step_metrics.ts";
import { isFiniteStep } from "./not_finite.ts";
import type { PrecomputeCache } from "./precompute_cache.ts";
import type { Recovery } from "./recovery.ts";
import { type RunContext, ratesAt } from "./run_context.ts";
import type { Saver } from "./saver.ts";

/** A step that was started and is not part of the state yet. */
interface StepInFlight {
  readonly batches: Group;
  readonly lr: Rates;
  readonly metrics: Promise<StepMetrics>;
}

/**
 * The steps of a run. As many are in flight as the backend takes at once: the next is uploaded and started while the
 * device is at the one before, whose metrics are read one step late. Whatever looks at the whole state (a copy in
 * memory, histograms, a checkpoint, the end of an epoch) waits for all of them first, so that it finds what it would
 * find with one at a time.
 */
export class StepLoop {
  /** The oldest first. */
  private readonly inFlight: StepInFlight[] = [];
  /** Makes a step's batches ready while the step before it runs. */
  private readonly ahead: Ahead<readonly HostBatch[], Group>;
  private readonly most: number;
  private readonly together: RankGroup | undefined;
  /** Whether the ranks have asked for a checkpoint. */
  private save = false;

  constructor(
    private readonly run: RunContext,
    private readonly parts: {
      readonly interrupt: Interrupt;
      readonly recovery: Recovery;
      readonly saver: Saver;
      readonly cache: PrecomputeCache;
    },
  ) {
    this.ahead = new Ahead((batches) => completed(parts.cache, batches));
    this.most = run.args.backend.stepsInFlight ?? 1;
    this.together = run.args.backend.ranks;
  }

  /** Whether the variables are those of the state: no step is under way, nor did one fail. */
  get isWhole(): boolean {
    return this.inFlight.length === 0;
  }

  /** The rest of the epoch under way, to its end, the last step or a signal. */
  async epoch(): Promise<void> {
    const { interrupt, recovery, saver } = this.parts;
    if (this.isEnd()) return;
    recovery.keep();
    for await (const batches of this.groups()) {
      await this.beforeStep(batches);
      await this.start(batches);
      const saves = this.checkpointIsDue();
      await this.settle(saves || this.isEnd() ? 0 : this.most - 1);
      if (this.asked()) await this.settleAndSave();
      if (interrupt.came || this.run.callbacks.stopped !== undefined || this.isEnd()) break;
      if (saves) await saver.save();
    }
    await this.settle(0);
  }

  /** Waits until nothing is under way, whatever comes of it. */
  async close(): Promise<void> {
    await Promise.allSettled(this.inFlight.map(({ metrics }) => metrics));
  }

  /** Those of the epoch under way; where one can't be read, the steps on those before it are done first. */
  private async *groups(): AsyncGenerator<Group> {
    try {
      yield* this.ahead.of(groupsOf(this.run, this.run.state));
    } catch (error) {
      await this.settle(0);
      throw error;
    }
  }

  /** Where training stands once all that was started is done. */
  private get started(): { readonly step: number; readonly batch: number; readonly epoch: number } {
    const { step, batch, epoch } = this.run.state;
    const more = this.inFlight.reduce((sum, { batches }) => sum + batches.length, 0);
    return { step: step + this.inFlight.length, batch: batch + more, epoch };
  }

  private isEnd(): boolean {
    const { batch, step } = this.started;
    return batch >= this.run.plan.batchesPerEpoch || step >= this.run.plan.lastStep;
  }

  private checkpointIsDue(): boolean {
    const every = this.run.args.config.trainer_params.checkpoint?.every_n_steps;
    return every !== undefined && this.started.step % every === 0;
  }

  private async beforeStep(batches: Group): Promise<void> {
    const { recovery } = this.parts;
    if (recovery.isDue(this.started.step)) {
      await this.settle(0);
      recovery.keep();
    }
    if (histogramsAreDue(this.run, this.started)) {
      await this.settle(0);
      this.run.log.histograms(this.run.state, gradientsAndWeights(this.run, batches));
    }
  }

  private async start(batches: Group): Promise<void> {
    const { started } = this;
    const lr = ratesAt(this.run, started);
    const asks = this.together === undefined ? undefined : this.parts.interrupt.asks;
    const start = this.run.stepper.start(batches, started.step, lr, asks);
    const metrics = start.then((step) => step.metrics);
    metrics.catch(() => {}); // thrown where they are asked for
    this.inFlight.push({ batches, lr, metrics });
    await start;
  }

  /** Waits for steps in flight, the oldest first, until so many are left. */
  private async settle(left: number): Promise<void> {
    while (this.inFlight.length > left) await this.settleOldest();
  }

  /** Makes the oldest step in flight part of the state; one that is not finite is undone, and those after it are redone. */
  private async settleOldest(): Promise<void> {
    const { state, log } = this.run;
    const { recovery } = this.parts;
    const { batches, lr, metrics: pending } = this.inFlight[0]!;
    const metrics = await pending;
    const good = isFiniteStep(metrics);
    const undone = good ? [] : this.inFlight.splice(1);
    if (good) state.skipped = 0;
    else {
      await Promise.allSettled(undone.map((step) => step.metrics));
      await recovery.goBack({ batches, lr, metrics });
    }
    if (metrics.asks !== undefined) this.save ||= this.parts.interrupt.agree(metrics.asks);
    this.together?.progress();
    state.step++;
    state.batch += batches.length;
    this.inFlight.shift();
    if (good)
      log.step(state, metrics, {
        lr,
        images: imagesOf(batches) * (this.together?.size ?? 1),
        waitSeconds: this.ahead.waitSeconds,
      });
    else {
      recovery.keep(); // the steps before it are never done again
      log.skipped(state);
    }
    await this.run.callbacks.step(metrics, lr);
    await nextTurn();
    for (const step of undone) await this.start(step.batches);
  }

  /** Whether a checkpoint was asked for; of several ranks by any of them, with a step that all have done. */
  private asked(): boolean {
    if (this.together === undefined) return this.parts.interrupt.takeRequest();
    const { save } = this;
    this.save = false;
    return save;
  }

  private async settleAndSave(): Promise<void> {
    await this.settle(0);
    await this.parts.saver.save();
  }
}
