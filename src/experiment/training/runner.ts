import type { BackendInfo } from "../../backends/use_backend.ts";
import { dumpConfig } from "../../config/dump.ts";
import type { Config } from "../../config/schema.ts";
import { Ahead } from "../../data/ahead.ts";
import type { HostBatch } from "../../data/loader.ts";
import { UserError } from "../../errors.ts";
import { reconstructionGrid, sampleGrid } from "../../explore/grids.ts";
import { shellWord } from "../../text/shell.ts";
import { encodeCheckpoint, restoreCheckpoint } from "../runs/checkpoint.ts";
import { type Found, newestCheckpoint, saveCheckpoint } from "../runs/checkpoint_files.ts";
import { LostRun, type RunFolder } from "../runs/run_folder.ts";
import { type Best, type DataPrint, newRunState, type RunState } from "../runs/run_state.ts";
import type { PreparedBatch } from "./batch.ts";
import { moveTo, printOf } from "./data_print.ts";
import { fitPrior } from "./fit_prior.ts";
import { Interrupt } from "./interrupt.ts";
import { allFinite, LastGood } from "./last_good.ts";
import { latentReport } from "./latent_report.ts";
import { RunLog } from "./loggers/run_log.ts";
import { isBetter, type Monitor, monitorOf, monitorOfRun, sameMonitor, validates } from "./monitor.ts";
import { isFiniteStep, normsText, notFinite } from "./not_finite.ts";
import { createPrecomputeCache, type PrecomputeCache } from "./precompute_cache.ts";
import type { Prepared } from "./prepared.ts";
import { learningRates } from "./schedules.ts";
import type { Figures } from "./step.ts";
import type { Rates } from "./step_inputs.ts";
import { createStepper, type Stepper } from "./stepper.ts";
import { evaluate } from "./validate.ts";

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
  /** Why what came out is of no use, where that is so: all is saved. */
  readonly problem: string | undefined;
}

/** Trains until the config's last epoch or step, or a signal; whatever happens, the folder can be resumed. */
export async function train(args: TrainArgs): Promise<TrainResult> {
  const found = args.resume ? await newestCheckpoint(args.folder.checkpoints) : undefined;
  const { data_params, trainer_params } = args.config;
  const { train } = args.prepared;
  const steps = Math.min(train.batchesPerEpoch, trainer_params.limit_train_batches ?? Infinity);
  const data = await printOf(args.prepared, { batch: data_params.train_batch_size, steps });
  const run = new Run(args, data, found);
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
  private readonly monitor: Monitor;
  private metrics: Record<string, number> = {};
  /** Why the last validation is of no use, where that is so. */
  private problem: string | undefined;
  /** Where the last checkpoint stands; -1: there is none. */
  private saved = { step: -1, ended: -1 };
  /** The best validation before this one, where the state is the best so far and not saved as such yet. */
  private beaten: { readonly best: Best | undefined } | undefined;
  /** Why the last checkpoint could not be written. */
  private unsaved: UserError | undefined;
  /** Whether the variables are those of `state`: not in the middle of a step. */
  private whole = true;

  /** What was wrong with checkpoints that were not taken. */
  private passed = "";

  constructor(
    private readonly args: TrainArgs,
    data: DataPrint,
    found: Found | undefined, // not kept: it holds a whole checkpoint
  ) {
    const { trainer_params: trainer } = args.config;
    const { vae, optimizers, model } = args.prepared;
    const { state } = this;
    this.stepsPerEpoch = data.steps;
    this.monitor = monitorOf(args.config);
    const changed: string[] = [];
    if (found !== undefined) {
      Object.assign(state, restoreCheckpoint(found.checkpoint, model.name, vae, optimizers));
      this.saved = { ...state };
      const { checkpoint, passed } = found;
      const taken = `going on from ${checkpoint.file}, step ${state.step}, the newest that is whole`;
      if (passed.length > 0) this.passed = [...passed, taken].join("\n");
      if (state.best !== undefined && state.best.monitor === undefined)
        state.best = { ...state.best, ...monitorOfRun(args.folder.path) };
      const { notes, valChanged } = moveTo(state, data);
      changed.push(...notes, ...this.forgetBest(valChanged));
    }
    state.data = data;
    const maxEpochs = trainer.max_epochs ?? Infinity; // a whole config says one of both
    const left = Math.max(0, (maxEpochs - state.epoch) * this.stepsPerEpoch - state.batch); // of whole epochs
    this.totalSteps = Math.min(trainer.max_steps ?? Infinity, state.step + left);
    const toCome = Math.max(0, this.totalSteps - state.step) + state.batch;
    this.log = new RunLog({
      ...args,
      state,
      totalSteps: this.totalSteps,
      stepsPerEpoch: this.stepsPerEpoch,
      epochs: state.epoch + Math.ceil(toCome / this.stepsPerEpoch),
      changed,
    });
    this.interrupt = new Interrupt((text) => this.log.message(text));
    const say = (text: string) => this.log.note(text);
    this.stepper = createStepper({ ...args, say });
    this.lastGood = new LastGood(this.stepper.variables);
    this.targets = createPrecomputeCache(args.config, args.prepared.vae, say);
    this.ahead = new Ahead((batch) => this.targets.complete(batch));
  }

  async train(): Promise<TrainResult> {
    const { args } = this;
    if (this.passed !== "") this.log.warn(this.passed);
    if (args.resume && this.isFinished()) {
      this.log.alreadyFinished();
      return this.result();
    }
    const moved = { from: args.baseDir, to: args.folder.path, model: args.prepared.model };
    await this.log.start(dumpConfig(args.config, moved));
    try {
      while (!this.isFinished()) {
        await this.epoch();
        if (this.interrupt.exitCode !== undefined) break; // the end of the epoch, where it is one, comes at resumption
        await this.endOfEpoch();
        await this.save();
        if (this.interrupt.exitCode !== undefined) break;
      }
    } catch (error) {
      await this.rescue();
      throw error;
    }
    if (this.interrupt.exitCode !== undefined) await this.save();
    if (this.unsaved !== undefined) throw this.notSaved(this.unsaved);
    if (this.interrupt.exitCode === undefined)
      await this.log.finish(this.metrics, this.problem === undefined);
    return this.result();
  }

  private isFinished(): boolean {
    const { state, totalSteps } = this;
    return state.step >= totalSteps && state.ended >= state.step;
  }

  private result(): TrainResult {
    const { state, metrics, interrupt, problem } = this;
    const told = problem !== undefined && interrupt.exitCode === undefined;
    return {
      state,
      metrics,
      interrupted: interrupt.exitCode,
      problem: told ? `${problem}, and the run ended with it. ${this.afterProblem()}` : undefined,
    };
  }

  /** What there is all the same, and what helps. */
  private afterProblem(): string {
    const { state, args, monitor } = this;
    const { best } = state;
    const chosen =
      best === undefined
        ? "There is no best checkpoint"
        : `The best checkpoint is of step ${best.step ?? "unknown"} (${best.monitor} ${best.value})`;
    const wrongName = Object.keys(this.metrics).length > 0 && this.metrics[monitor.monitor] === undefined;
    const remedy = wrongName
      ? `To go on: vae run --resume ${shellWord(args.folder.path)} --set trainer_params.checkpoint.monitor=…`
      : "Lower exp_params.LR, warm it up (exp_params.lr_warmup_steps) or train longer: where training has finite losses " +
        "and validation not, batch normalization's running statistics lag behind the weights.";
    return `${chosen}; the last one, of step ${state.step}, is in ${args.folder.checkpoints}. ${remedy}`;
  }

  /** Saves what an error would else lose, where the error came between two steps. */
  private async rescue(): Promise<void> {
    const { state, args } = this;
    if (!this.whole || state.step === 0) return;
    if (this.saved.step !== state.step) await this.save();
    if (this.saved.step === state.step)
      this.log.message(
        `saved at step ${state.step}. To go on: vae run --resume ${shellWord(args.folder.path)}`,
      );
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
      this.whole = false;
      const figures = await this.stepper.run(host, state.step, lr);
      const good = isFiniteStep(figures);
      if (good) state.skipped = 0;
      else await this.goBack(host, figures, lr);
      state.step++;
      state.batch++;
      this.whole = true;
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

  /** Counts the epoch, where it is at its end, and validates where that is due, which nothing of the epoch depends on. */
  private async endOfEpoch(): Promise<void> {
    const { state } = this;
    const every = this.args.config.trainer_params.check_val_every_n_epoch;
    const ended = state.batch >= this.stepsPerEpoch;
    const due = state.step >= this.totalSteps || (ended && (state.epoch + 1) % every === 0);
    if (due) await this.save(); // of the epoch as it ended: whatever validation comes to, it is kept
    if (ended) {
      state.epoch++;
      state.batch = 0;
    }
    if (due) await this.validate();
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
      this.log.warn(`${what}; skipped`);
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
          : ` The last good step, ${step}, is in ${checkpoints}: vae run --resume ${shellWord(path)} --set …`),
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
    const { val, vae, weights, objective, rng, imageRange } = args.prepared;
    const { trainer_params: trainer, logging_params: logging } = args.config;
    const prior = await fitPrior(args.prepared);
    const limit = trainer.limit_val_batches ?? Infinity;
    this.metrics = {};
    if (validates(args.prepared, args.config)) {
      const batches = firstOf(val.batches(0), limit);
      const how = { vae, weights, objective, rng: rng.fold("validation") };
      const means = await evaluate(how, batches, state.step, imageRange);
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
    this.judge();
  }

  /** Whether the state is the best so far, and whether its figures are numbers at all. */
  private judge(): void {
    const { state, metrics, monitor } = this;
    this.problem = undefined;
    if (Object.keys(metrics).length === 0) return;
    const value = metrics[monitor.monitor];
    const losses = ["total", "objective", ...Object.keys(this.args.prepared.weights(0)), "mse"];
    const bad = [...new Set([...losses.map((name) => `val/${name}`), monitor.monitor])].filter(
      (name) => metrics[name] !== undefined && !Number.isFinite(metrics[name]),
    );
    if (bad.length > 0) {
      const shown = bad.map((name) => `${name} ${metrics[name]}`).join(", ");
      this.problem = `the validation at step ${state.step} is not finite: ${shown}`;
    } else if (value === undefined) {
      const names = Object.keys(metrics).join(", ");
      this.problem = `trainer_params.checkpoint.monitor: expected one of ${names}, got "${monitor.monitor}"`;
    }
    if (this.problem !== undefined) {
      this.log.warn(`${this.problem}; no best checkpoint is taken from it`);
    } else if (isBetter(value!, state.best, monitor)) {
      this.beaten = { best: state.best };
      state.best = { ...monitor, value: value!, step: state.step };
    }
  }

  /** Drops the best so far where it can't be compared with what is to come; a sentence where it does. */
  private forgetBest(valChanged: boolean): string[] {
    const { state, monitor } = this;
    const { best } = state;
    if (best === undefined || (sameMonitor(best, monitor) && !valChanged)) return [];
    state.best = undefined;
    const by = sameMonitor(best, monitor) ? "other images" : `${best.monitor} (${best.mode})`;
    const of = best.step === undefined ? "" : `, of step ${best.step},`;
    return [
      `the best checkpoint so far${of} was chosen by ${by}: from here on it is chosen anew, by ${monitor.monitor} ` +
        `(${monitor.mode}).`,
    ];
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

  /** Writes a checkpoint, unless the last one is of this state; where it can't, says so, and training goes on. */
  private async save(): Promise<void> {
    const { state, args } = this;
    const best = this.beaten !== undefined;
    if (state.step === this.saved.step && state.ended === this.saved.ended && !best) return;
    const { model, vae, optimizers } = args.prepared;
    this.stepper.giveBack();
    const bytes = encodeCheckpoint(model.name, vae, optimizers, state);
    const keepLast = args.config.trainer_params.checkpoint?.keep_last ?? 0;
    try {
      if (args.folder.hold()) {
        this.log.warn(`${args.folder.path} was deleted while training: made anew, with what is known of it`);
        await this.log.renew();
      }
      await this.log.flush(); // before: a checkpoint whose rows are not on the disk would lack them for good
      const { checkpoints, check } = args.folder;
      await saveCheckpoint(checkpoints, bytes, { step: state.step, best, keepLast, check });
      args.folder.saved();
    } catch (error) {
      if (!(error instanceof UserError) || error instanceof LostRun) throw error;
      this.unsaved = error;
      if (this.beaten !== undefined) state.best = this.beaten.best; // a later state must not pass for it
      this.beaten = undefined;
      this.log.warn(
        `not saved at step ${state.step}: ${error.message} Training goes on. ${this.lastSaved()}`,
      );
      return;
    }
    if (this.unsaved !== undefined) this.log.message(`saved again, at step ${state.step}`);
    this.unsaved = undefined;
    this.saved = { ...state };
    this.beaten = undefined;
  }

  private lastSaved(): string {
    const { step } = this.saved;
    return step < 0 ? "There is no checkpoint yet." : `The last checkpoint is of step ${step}.`;
  }

  private notSaved(why: UserError): UserError {
    const { state, args } = this;
    return new UserError(
      `the run ends at step ${state.step}, which is not saved: ${why.message} ${this.lastSaved()} ` +
        `To train from there: vae run --resume ${shellWord(args.folder.path)}`,
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
