import type { BackendInfo } from "../backends/index.ts";
import { dumpConfig } from "../config/dump.ts";
import type { Config } from "../config/schema.ts";
import { Ahead } from "../data/ahead.ts";
import type { HostBatch } from "../data/loader.ts";
import { UserError } from "../errors.ts";
import type { PreparedBatch } from "./batch.ts";
import { encodeCheckpoint, restoreCheckpoint } from "./checkpoint.ts";
import { type Found, newestCheckpoint, saveCheckpoint } from "./checkpoint_files.ts";
import { evaluate } from "./evaluate.ts";
import { fitPrior } from "./fit_prior.ts";
import { reconstructionGrid, sampleGrid } from "./grids.ts";
import { Interrupt } from "./interrupt.ts";
import { allFinite, LastGood } from "./last_good.ts";
import { latentReport } from "./latent_report.ts";
import { RunLog } from "./loggers/index.ts";
import { isFiniteStep, normsText, notFinite } from "./not_finite.ts";
import { createPrecomputeCache, type PrecomputeCache } from "./precompute_cache.ts";
import type { Prepared } from "./prepare.ts";
import type { RunFolder } from "./run_folder.ts";
import { newRunState, type RunState } from "./run_state.ts";
import { learningRates } from "./schedules.ts";
import type { Figures } from "./step.ts";
import type { Rates } from "./step_inputs.ts";
import { createStepper, type Stepper } from "./stepper.ts";

export interface TrainArgs {
  readonly config: Config;
  /** Folder that relative file names in `config` start from. */
  readonly baseDir: string;
  readonly prepared: Prepared;
  readonly folder: RunFolder;
  readonly backend: BackendInfo;
  /** Go on from the folder's last checkpoint. */
  readonly resume: boolean;
  readonly quiet: boolean;
  /** Say how far it is and what goes wrong, but not what runs and what came out: one of several runs. */
  readonly brief?: boolean;
}

export interface TrainResult {
  readonly state: RunState;
  /** Metrics of the last validation, `val/…`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Exit code of the signal that ended the run early. */
  readonly interrupted: number | undefined;
}

/** Trains until the config's last epoch or step, or a signal; whatever happens, the folder can be resumed. */
export async function train(args: TrainArgs): Promise<TrainResult> {
  const run = new Run(args, args.resume ? await newestCheckpoint(args.folder.checkpoints) : undefined);
  try {
    return await run.train();
  } finally {
    await run.close();
  }
}

/** Steps between two copies of the state in memory: so many at most are done again to get back to a good one. */
const KEEP_EVERY = 100;
/** Steps in a row that `on_nan: skip` skips. */
const MOST_SKIPPED = 10;

class Run {
  private readonly log: RunLog;
  private readonly interrupt: Interrupt;
  private readonly stepper: Stepper;
  private readonly targets: PrecomputeCache;
  /** Makes a batch ready while the step before it runs. */
  private readonly ahead: Ahead<HostBatch, PreparedBatch>;
  private readonly stepsPerEpoch: number;
  private readonly totalSteps: number;
  private readonly state = newRunState();
  private readonly lastGood: LastGood;
  private metrics: Record<string, number> = {};
  /** Where the last checkpoint stands; -1: there is none. */
  private saved = { step: -1, ended: -1 };
  /** Whether the state is the best so far, and not saved as such yet. */
  private best = false;
  /** Why the last checkpoint could not be written. */
  private unsaved: UserError | undefined;

  /** What was wrong with checkpoints that were not taken. */
  private passed = "";

  constructor(
    private readonly args: TrainArgs,
    found: Found | undefined, // not kept: it holds a whole checkpoint
  ) {
    const { trainer_params: trainer } = args.config;
    const { vae, train, optimizers, model } = args.prepared;
    this.stepsPerEpoch = Math.min(train.batchesPerEpoch, trainer.limit_train_batches ?? Infinity);
    const epochs = trainer.max_epochs ?? Infinity; // a whole config says one of both
    this.totalSteps = Math.min(trainer.max_steps ?? Infinity, epochs * this.stepsPerEpoch);
    if (found !== undefined) {
      Object.assign(this.state, restoreCheckpoint(found.checkpoint, model.name, vae, optimizers));
      this.saved = { ...this.state };
      const { checkpoint, passed } = found;
      const taken = `going on from ${checkpoint.file}, step ${this.state.step}, the newest that is whole`;
      if (passed.length > 0) this.passed = [...passed, taken].join("\n");
    }
    this.log = new RunLog({
      ...args,
      state: this.state,
      totalSteps: this.totalSteps,
      stepsPerEpoch: this.stepsPerEpoch,
    });
    this.interrupt = new Interrupt((text) => this.log.message(text));
    const say = (text: string) => this.log.note(text);
    this.stepper = createStepper({ ...args, say });
    this.lastGood = new LastGood(this.stepper.variables);
    this.targets = createPrecomputeCache(args.config, args.prepared.vae, say);
    this.ahead = new Ahead((batch) => this.targets.complete(batch));
  }

  async train(): Promise<TrainResult> {
    const { state, args } = this;
    await this.log.start(dumpConfig(args.config, { from: args.baseDir, to: args.folder.path }));
    if (this.passed !== "") this.log.message(this.passed);
    while (state.step < this.totalSteps || state.ended < state.step) {
      await this.epoch();
      if (this.interrupt.exitCode !== undefined) break; // the end of the epoch, where it is one, comes at resumption
      await this.endOfEpoch();
      await this.save();
      if (this.interrupt.exitCode !== undefined) break;
    }
    if (this.interrupt.exitCode !== undefined) await this.save();
    if (this.unsaved !== undefined) throw this.notSaved(this.unsaved);
    if (this.interrupt.exitCode === undefined) await this.log.finish(this.metrics);
    return { state, metrics: this.metrics, interrupted: this.interrupt.exitCode };
  }

  async close(): Promise<void> {
    this.interrupt.dispose();
    await this.targets.close();
    await this.log.close();
  }

  /** The rest of the epoch under way, to its end, the run's last step or a signal. */
  private async epoch(): Promise<void> {
    const { state, args } = this;
    const { train } = args.prepared;
    const every = args.config.trainer_params.checkpoint?.every_n_steps;
    const isEnd = () => state.batch >= this.stepsPerEpoch || state.step >= this.totalSteps;
    if (isEnd()) return;
    this.keep();
    let kept = state.step;
    for await (const host of this.ahead.of(train.batches(state.epoch, state.batch))) {
      if (state.step >= kept + KEEP_EVERY) {
        this.keep();
        kept = state.step;
      }
      const lr = this.learningRates(state);
      if (this.histogramsAreDue()) this.logHistograms(host, lr);
      const figures = await this.stepper.run(host, state.step, lr);
      const good = isFiniteStep(figures);
      if (good) state.skipped = 0;
      else await this.goBack(host, figures, lr);
      state.step++;
      state.batch++;
      if (good)
        this.log.step(state, figures, { lr, images: host.shape[0], waitSeconds: this.ahead.waitSeconds });
      else {
        this.keep(); // the steps before it are never done again
        kept = state.step;
        this.log.skipped(state);
      }
      await new Promise(setImmediate); // signals, prefetch and the progress display get their turn
      if (this.interrupt.takeRequest()) await this.save();
      if (this.interrupt.exitCode !== undefined || isEnd()) break;
      if (every !== undefined && state.step % every === 0) await this.save();
    }
  }

  /** Counts the epoch, where it is at its end, and validates where that is due. */
  private async endOfEpoch(): Promise<void> {
    const { state } = this;
    if (state.batch >= this.stepsPerEpoch) {
      state.epoch++;
      state.batch = 0;
    }
    const every = this.args.config.trainer_params.check_val_every_n_epoch;
    if (state.step >= this.totalSteps || state.epoch % every === 0) await this.validate();
    state.ended = state.step;
  }

  private learningRates({ step, epoch }: Pick<RunState, "step" | "epoch">): Rates {
    const { exp_params } = this.args.config;
    return learningRates(exp_params, this.stepper.phases, { step, epoch, totalSteps: this.totalSteps });
  }

  /** Keeps the state in memory, to go back to. */
  private keep(): void {
    this.stepper.giveBack();
    this.lastGood.take(this.state);
  }

  /** Undoes a step whose loss is not finite. @throws UserError where the run is to stop; the state is then saved */
  private async goBack(host: PreparedBatch, figures: Figures, lr: Rates): Promise<void> {
    const { state, stepper } = this;
    const what = notFinite(state.step + 1, figures, lr);
    await this.rewind();
    state.skipped++;
    const skips = this.args.config.trainer_params.on_nan === "skip";
    if (skips && state.skipped <= MOST_SKIPPED) {
      this.log.message(`${what}; skipped`);
      return;
    }
    const good = allFinite(stepper.variables);
    const norms = normsText(stepper.gradients(host, state.step, lr));
    state.skipped = 0;
    if (!good) Object.assign(state, this.lastGood.restore());
    if (state.step > this.saved.step && (good || allFinite(stepper.variables))) await this.save();
    const { checkpoints, path } = this.args.folder;
    const { step } = this.saved;
    throw new UserError(
      `${what}. ${norms} ${skips ? `${MOST_SKIPPED} steps in a row were skipped. ` : ""}` +
        "Lower exp_params.LR or set trainer_params.gradient_clip_val" +
        `${skips ? "" : ", or trainer_params.on_nan=skip to leave such batches out"}.` +
        (step < 0
          ? ""
          : ` The last good step, ${step}, is in ${checkpoints}: vae run --resume ${path} --set …`),
    );
  }

  /** Brings the variables to where `state` says: from the copy in memory, the steps since then done again. */
  private async rewind(): Promise<void> {
    const { stepper, state } = this;
    stepper.giveBack();
    const from = this.lastGood.restore();
    if (from.step >= state.step) return;
    for await (const raw of this.args.prepared.train.batches(from.epoch, from.batch)) {
      await stepper.run(await this.targets.complete(raw), from.step, this.learningRates(from));
      if (++from.step >= state.step) break;
    }
    stepper.giveBack();
  }

  /** A prior that is fitted and not trained; metrics and grids of the validation images. */
  private async validate(): Promise<void> {
    this.stepper.giveBack();
    const { state, args } = this;
    const { val, vae, weights, rng, imageRange } = args.prepared;
    const { trainer_params: trainer, logging_params: logging } = args.config;
    const prior = await fitPrior(args.prepared);
    const limit = trainer.limit_val_batches ?? Infinity;
    if (limit > 0 && val.batchesPerEpoch > 0) {
      const batches = firstOf(val.batches(0), limit);
      const means = await evaluate(
        { vae, weights, rng: rng.fold("validation") },
        batches,
        state.step,
        imageRange,
      );
      const all = Object.entries({ ...means, ...prior });
      this.metrics = Object.fromEntries(all.map(([name, value]) => [`val/${name}`, value]));
    }
    const samples = await sampleGrid(vae, logging.image_count, rng.fold("samples"), imageRange);
    if (samples !== undefined) await this.log.picture("Samples", state, samples);
    if (val.size > 0) {
      const images = await val.spread(Math.max(1, Math.floor(logging.image_count / 2)));
      const picture = await reconstructionGrid(vae, images, rng.fold("reconstructions"), imageRange);
      await this.log.picture("Reconstructions", state, picture);
      if (logging.latent_count > 0)
        await this.log.latents(state, await latentReport(args.prepared, logging.latent_count));
    }
    this.log.validation(state, this.metrics);
    if (this.isBest()) this.best = true;
  }

  /** Before the step under way: each N steps, or where a validation follows. */
  private histogramsAreDue(): boolean {
    const { logging_params: logging, trainer_params: trainer } = this.args.config;
    const { step, batch, epoch } = this.state;
    const every = logging.histogram_every_n_steps;
    if (every !== undefined) return every > 0 && step % every === 0;
    if (step + 1 >= this.totalSteps) return true;
    return batch + 1 >= this.stepsPerEpoch && (epoch + 1) % trainer.check_val_every_n_epoch === 0;
  }

  /** Histograms of the weights and of the gradients that the step under way is about to take. */
  private logHistograms(host: PreparedBatch, lr: Rates): void {
    const { state, args } = this;
    const values: Record<string, Float32Array> = {};
    for (const [name, g] of this.stepper.gradients(host, state.step, lr)) values[`gradients/${name}`] = g;
    for (const [name, p] of args.prepared.vae.params)
      values[`weights/${name}`] = p.value.dataSync() as Float32Array;
    this.log.histograms(state, values);
  }

  private isBest(): boolean {
    const { monitor = "val/total", mode = "min" } = this.args.config.trainer_params.checkpoint ?? {};
    if (Object.keys(this.metrics).length === 0) return false;
    const value = this.metrics[monitor];
    if (value === undefined) {
      const names = Object.keys(this.metrics).join(", ");
      throw new UserError(`trainer_params.checkpoint.monitor: expected one of ${names}, got "${monitor}".`);
    }
    const { best } = this.state;
    if (!Number.isFinite(value)) return false;
    if (best !== undefined && !(mode === "min" ? value < best : value > best)) return false;
    this.state.best = value;
    return true;
  }

  /** Writes a checkpoint, unless the last one is of this state; where it can't, says so, and training goes on. */
  private async save(): Promise<void> {
    const { state, args, best } = this;
    if (state.step === this.saved.step && state.ended === this.saved.ended && !best) return;
    const { model, vae, optimizers } = args.prepared;
    this.stepper.giveBack();
    const bytes = encodeCheckpoint(model.name, vae, optimizers, state);
    const keepLast = args.config.trainer_params.checkpoint?.keep_last ?? 0;
    try {
      if (args.folder.hold()) {
        this.log.message(
          `${args.folder.path} was deleted while training: made anew, with what is known of it`,
        );
        await this.log.renew();
      }
      await this.log.flush(); // before: a checkpoint whose rows are not on the disk would lack them for good
      await saveCheckpoint(args.folder.checkpoints, bytes, { step: state.step, best, keepLast });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.unsaved = error;
      this.log.message(
        `not saved at step ${state.step}: ${error.message} Training goes on. ${this.lastSaved()}`,
      );
      return;
    }
    if (this.unsaved !== undefined) this.log.message(`saved again, at step ${state.step}`);
    this.unsaved = undefined;
    this.saved = { ...state };
    this.best = false;
  }

  private lastSaved(): string {
    const { step } = this.saved;
    return step < 0 ? "There is no checkpoint yet." : `The last checkpoint is of step ${step}.`;
  }

  private notSaved(why: UserError): UserError {
    const { state, args } = this;
    return new UserError(
      `the run ends at step ${state.step}, which is not saved: ${why.message} ${this.lastSaved()} ` +
        `To train from there: vae run --resume ${args.folder.path}`,
      { cause: why },
    );
  }
}

/** The first `count` of `batches`. */
async function* firstOf(batches: AsyncIterable<HostBatch>, count: number): AsyncGenerator<HostBatch> {
  let left = count;
  for await (const batch of batches) {
    yield batch;
    if (--left <= 0) return;
  }
}
