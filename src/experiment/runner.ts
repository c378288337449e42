import { join } from "node:path";
import type { BackendInfo } from "../backends/index.ts";
import { dumpConfig } from "../config/dump.ts";
import type { Config } from "../config/schema.ts";
import { Ahead } from "../data/ahead.ts";
import type { HostBatch } from "../data/loader.ts";
import { UserError } from "../errors.ts";
import type { PreparedBatch } from "./batch.ts";
import { encodeCheckpoint, type RunState, restoreCheckpoint } from "./checkpoint.ts";
import { LAST, saveCheckpoint } from "./checkpoint_files.ts";
import { evaluate } from "./evaluate.ts";
import { reconstructionGrid, sampleGrid } from "./grids.ts";
import { Interrupt } from "./interrupt.ts";
import { latentReport } from "./latent_report.ts";
import { RunLog } from "./loggers/index.ts";
import { createPrecomputeCache, type PrecomputeCache } from "./precompute_cache.ts";
import type { Prepared } from "./prepare.ts";
import type { RunFolder } from "./run_folder.ts";
import { learningRate } from "./schedules.ts";
import type { Figures } from "./step.ts";
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
  const run = new Run(args);
  try {
    return await run.train();
  } finally {
    await run.close();
  }
}

class Run {
  private readonly log: RunLog;
  private readonly interrupt: Interrupt;
  private readonly stepper: Stepper;
  private readonly targets: PrecomputeCache;
  /** Makes a batch ready while the step before it runs. */
  private readonly ahead: Ahead<HostBatch, PreparedBatch>;
  private readonly stepsPerEpoch: number;
  private readonly totalSteps: number;
  private readonly state: RunState = { step: 0, epoch: 0, batch: 0, best: undefined };
  private metrics: Record<string, number> = {};
  private savedStep = -1;

  constructor(private readonly args: TrainArgs) {
    const { trainer_params: trainer } = args.config;
    const { vae, train, optimizers, model } = args.prepared;
    this.stepsPerEpoch = Math.min(train.batchesPerEpoch, trainer.limit_train_batches ?? Infinity);
    const epochs = trainer.max_epochs ?? (trainer.max_steps === undefined ? 10 : Infinity);
    this.totalSteps = Math.min(trainer.max_steps ?? Infinity, epochs * this.stepsPerEpoch);
    if (args.resume) {
      const file = join(args.folder.checkpoints, LAST);
      Object.assign(this.state, restoreCheckpoint(file, model.name, vae, optimizers));
      this.savedStep = this.state.step;
    }
    this.log = new RunLog({
      ...args,
      state: this.state,
      totalSteps: this.totalSteps,
      stepsPerEpoch: this.stepsPerEpoch,
    });
    this.interrupt = new Interrupt((signal) =>
      this.log.message(`${signal}: saving after this step (again: leave at once)`),
    );
    const say = (text: string) => this.log.note(text);
    this.stepper = createStepper({ ...args, say });
    this.targets = createPrecomputeCache(args.config, args.prepared.vae, say);
    this.ahead = new Ahead((batch) => this.targets.complete(batch));
  }

  async train(): Promise<TrainResult> {
    const { state, args } = this;
    await this.log.start(dumpConfig(args.config, { from: args.baseDir, to: args.folder.path }));
    while (state.step < this.totalSteps && this.interrupt.exitCode === undefined) {
      await this.epoch();
      if (this.interrupt.exitCode !== undefined) break;
      const done = state.step >= this.totalSteps;
      const every = args.config.trainer_params.check_val_every_n_epoch;
      const better = done || state.epoch % every === 0 ? await this.validate() : false;
      await this.save(better);
    }
    if (this.interrupt.exitCode !== undefined) await this.save(false);
    else await this.log.finish(this.metrics);
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
    const { exp_params: exp, trainer_params: trainer } = args.config;
    for await (const host of this.ahead.of(train.batches(state.epoch, state.batch))) {
      const lr = learningRate(exp, { ...state, totalSteps: this.totalSteps });
      if (this.histogramsAreDue()) this.logHistograms(host, lr);
      const figures = await this.stepper.run(host, state.step, lr);
      this.checkFinite(figures, lr);
      state.step++;
      state.batch++;
      this.log.step(state, figures, { lr, images: host.shape[0], waitSeconds: this.ahead.waitSeconds });
      const every = trainer.checkpoint?.every_n_steps;
      if (every !== undefined && state.step % every === 0) await this.save(false);
      await new Promise(setImmediate); // signals, prefetch and the progress display get their turn
      if (this.interrupt.exitCode !== undefined) break;
      if (state.batch >= this.stepsPerEpoch || state.step >= this.totalSteps) break;
    }
    if (state.batch >= this.stepsPerEpoch) {
      state.epoch++;
      state.batch = 0;
    }
  }

  /** Metrics and grids of the validation images; true where the monitored metric is the best so far. */
  private async validate(): Promise<boolean> {
    this.stepper.giveBack();
    const { state, args } = this;
    const { val, vae, weights, rng, imageRange } = args.prepared;
    const { trainer_params: trainer, logging_params: logging } = args.config;
    const limit = trainer.limit_val_batches ?? Infinity;
    if (limit > 0 && val.batchesPerEpoch > 0) {
      const batches = firstOf(val.batches(0), limit);
      const means = await evaluate(
        { vae, weights, rng: rng.fold("validation") },
        batches,
        state.step,
        imageRange,
      );
      this.metrics = Object.fromEntries(Object.entries(means).map(([name, value]) => [`val/${name}`, value]));
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
    return this.isBest();
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
  private logHistograms(host: PreparedBatch, lr: number): void {
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
    if (best !== undefined && !(mode === "min" ? value < best : value > best)) return false;
    this.state.best = value;
    return true;
  }

  private async save(best: boolean): Promise<void> {
    const { state, args } = this;
    if (state.step === this.savedStep && !best) return;
    const { model, vae, optimizers } = args.prepared;
    this.stepper.giveBack();
    const bytes = encodeCheckpoint(model.name, vae, optimizers, state);
    const keepLast = args.config.trainer_params.checkpoint?.keep_last ?? 0;
    await saveCheckpoint(args.folder.checkpoints, bytes, { step: state.step, best, keepLast });
    this.savedStep = state.step;
    await this.log.flush();
  }

  private checkFinite({ total, terms, gradNorm }: Figures, lr: number): void {
    if (Number.isFinite(total) && Number.isFinite(gradNorm)) return;
    const shown = Object.entries({ ...terms, total, gradient_norm: gradNorm, learning_rate: lr });
    throw new UserError(
      `step ${this.state.step + 1}: the loss is no longer finite: ${shown.map(([k, v]) => `${k} ${v}`).join(", ")}. ` +
        `Lower exp_params.LR or set trainer_params.gradient_clip_val.${
          this.savedStep >= 0 ? ` The last good checkpoint is in ${this.args.folder.checkpoints}.` : ""
        }`,
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
