import { join, relative } from "node:path";
import { makeFolder, writeAtomic } from "../../atomic_file.ts";
import type { BackendInfo } from "../../backends/index.ts";
import type { Config } from "../../config/schema.ts";
import { UserError } from "../../errors.ts";
import { environment, parameterCount } from "../environment.ts";
import type { LatentReport } from "../latent_report.ts";
import type { Prepared } from "../prepare.ts";
import { LostRun, type RunFolder } from "../run_folder.ts";
import type { RunState } from "../run_state.ts";
import type { Figures } from "../step.ts";
import type { Rates } from "../step_inputs.ts";
import { ConsoleLog, duration, metricsText } from "./console.ts";
import { CsvLogger } from "./csv.ts";
import type { Arrays, Logger, Metrics, PictureTag } from "./logger.ts";
import { writeProjector } from "./projector.ts";
import { StepWindow } from "./step_window.ts";
import { TensorBoardLogger } from "./tensorboard.ts";

export interface RunLogArgs {
  readonly config: Config;
  readonly prepared: Prepared;
  readonly folder: RunFolder;
  readonly backend: BackendInfo;
  readonly resume: boolean;
  readonly quiet: boolean;
  readonly brief?: boolean;
  readonly state: Readonly<RunState>;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
}

/**
 * All that a run says and leaves besides its checkpoints. Where a logger fails for a reason that the user can
 * mend (a full disk), training goes on without it and the console says so once.
 */
export class RunLog {
  private readonly console: ConsoleLog;
  private readonly window: StepWindow;
  private readonly began = Date.now();
  private readonly firstStep: number;
  private readonly failed = new Set<Logger>();
  private loggers: Logger[] = [];
  private configText = "";

  constructor(private readonly args: RunLogArgs) {
    this.console = new ConsoleLog(args.quiet);
    this.firstStep = args.state.step;
    this.window = new StepWindow(args.state.window);
  }

  /** Writes config.yaml and environment.json, opens the loggers and says what runs. */
  async start(configText: string): Promise<void> {
    const { folder, resume, config, state, prepared } = this.args;
    this.configText = configText;
    await this.describe(resume ? `_resumed_at_${state.step}` : "");
    this.loggers = [
      CsvLogger.open(folder.metrics, resume ? state : undefined),
      new TensorBoardLogger(
        folder.path,
        config,
        configText,
        resume ? state.step : undefined,
        comparedFigures(prepared),
      ),
    ];
    this.sayWhatRuns();
    this.window.restart();
  }

  /** The run's folder was deleted and is there again, empty: config.yaml and what the loggers still know. */
  async renew(): Promise<void> {
    await this.describe("");
    this.each((logger) => logger.renew?.());
  }

  private async describe(suffix: string): Promise<void> {
    const { folder, prepared, backend } = this.args;
    folder.check();
    const about = `${JSON.stringify(environment(prepared, backend), null, 2)}\n`;
    await writeAtomic(folder.config.replace(/(?=\.yaml$)/, suffix), this.configText);
    await writeAtomic(folder.environment.replace(/(?=\.json$)/, suffix), about);
  }

  message(text: string): void {
    this.console.message(text);
  }

  /** As `message`, but not where the run is quiet. */
  note(text: string): void {
    this.console.note(text);
  }

  step(
    state: Readonly<RunState>,
    figures: Figures,
    at: { lr: Rates; images: number; waitSeconds: number },
  ): void {
    this.window.add(figures, at);
    const { totalSteps, stepsPerEpoch } = this.args;
    const imagesPerSecond = this.window.imagesPerSecond;
    const perStep = (Date.now() - this.began) / 1000 / (state.step - this.firstStep);
    const progress = {
      epoch: state.epoch + 1,
      epochs: Math.ceil(totalSteps / stepsPerEpoch),
      batch: state.batch,
      stepsPerEpoch,
      step: state.step,
      totalSteps,
      imagesPerSecond,
      secondsLeft: (totalSteps - state.step) * perStep,
    };
    this.console.progress(progress, figures);
    this.rowIfDue(state);
  }

  /** A step that changed nothing, for its loss was not finite. */
  skipped(state: Readonly<RunState>): void {
    this.rowIfDue(state);
  }

  private rowIfDue(state: Readonly<RunState>): void {
    const every = this.args.config.trainer_params.log_every_n_steps;
    if (state.step !== 1 && state.step % every !== 0) return;
    const row = this.window.take();
    if (row !== undefined) this.each((logger) => logger.metrics(state, row));
  }

  validation(state: Readonly<RunState>, metrics: Metrics): void {
    const epochs = Math.ceil(this.args.totalSteps / this.args.stepsPerEpoch);
    if (!this.args.brief)
      this.console.note(`epoch ${state.epoch}/${epochs} validation: ${metricsText(metrics)}`);
    if (Object.keys(metrics).length > 0) this.each((logger) => logger.metrics(state, metrics));
    this.window.restart();
  }

  async picture(tag: PictureTag, state: Readonly<RunState>, png: Buffer): Promise<void> {
    const { samples, reconstructions, traversals } = this.args.folder;
    const folders = { Samples: samples, Reconstructions: reconstructions, Traversals: traversals };
    const folder = folders[tag as keyof typeof folders];
    if (folder !== undefined)
      await this.keep(async () => {
        await makeFolder(folder);
        await writeAtomic(join(folder, `epoch_${String(state.epoch).padStart(4, "0")}.png`), png);
      });
    this.each((logger) => logger.picture?.(tag, state, png));
  }

  histograms(state: Readonly<RunState>, values: Arrays): void {
    this.each((logger) => logger.histograms?.(state, values));
    this.window.restart();
  }

  async latents(state: Readonly<RunState>, report: LatentReport): Promise<void> {
    await this.keep(() => writeProjector(this.args.folder.path, report.embedding));
    this.each((logger) => logger.histograms?.(state, report.histograms));
    if (report.kl !== undefined) await this.picture("KL_per_dimension", state, report.kl);
    if (report.traversals !== undefined) await this.picture("Traversals", state, report.traversals);
  }

  /** Where a file can't be written for a reason that the user can mend, training goes on without it. */
  private async keep(write: () => Promise<void>): Promise<void> {
    this.args.folder.check();
    try {
      await write();
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.console.message(`not kept: ${error.message} Training goes on.`);
    }
  }

  async flush(): Promise<void> {
    this.each((logger) => logger.flush?.());
    this.window.restart();
  }

  /** The run is complete. */
  async finish(metrics: Metrics): Promise<void> {
    this.each((logger) => logger.finish?.(metrics));
    const { folder, config } = this.args;
    this.console.close();
    if (this.args.brief) return;
    const seconds = (Date.now() - this.began) / 1000;
    this.console.message(
      [
        `trained in ${duration(seconds)}${Object.keys(metrics).length > 0 ? `; validation: ${metricsText(metrics)}` : ""}`,
        `  pictures     ${shown(folder.samples)}/, ${shown(folder.reconstructions)}/`,
        `  checkpoints  ${shown(folder.checkpoints)}/ (last, best)`,
        `  metrics      ${shown(folder.metrics)}`,
        `  TensorBoard  pip install tensorboard; tensorboard --logdir ${shown(config.logging_params.save_dir)}`,
      ].join("\n"),
    );
  }

  async close(): Promise<void> {
    this.console.close();
    try {
      this.each((logger) => logger.close?.());
    } catch (error) {
      if (!(error instanceof LostRun)) throw error;
      for (const logger of this.loggers) logger.abandon?.();
    }
  }

  private sayWhatRuns(): void {
    const { prepared, backend, folder, resume, state, totalSteps, stepsPerEpoch, brief } = this.args;
    if (brief) return;
    const { dataset, train, val, model, vae } = prepared;
    const device =
      backend.name === "tensorflow" ? `TensorFlow ${backend.version}` : `tfjs ${backend.version}`;
    const count = (n: number) => n.toLocaleString("en");
    const lines = [
      `model  ${model.name}, ${count(parameterCount(vae))} parameters`,
      `data   ${dataset.name}: ${count(train.size)} training and ${count(val.size)} validation images of ${dataset.imageShape.join("x")}; ${dataset.splitNote}`,
      `on     ${device}, ${backend.device}`,
      `run    ${shown(folder.path)}${resume ? `, resumed at step ${count(state.step)}` : ""}: ${count(totalSteps)} steps, ${count(stepsPerEpoch)} an epoch`,
    ];
    const { skipped } = dataset;
    if (skipped.length > 0) lines.push(`note   ${skipped.length} images skipped, the first: ${skipped[0]}`);
    this.console.note(lines.join("\n"));
  }

  private each(use: (logger: Logger) => void): void {
    this.args.folder.check();
    for (const logger of this.loggers) {
      try {
        use(logger);
        if (this.failed.delete(logger)) this.console.message("logged again.");
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        if (!this.failed.has(logger)) this.console.message(`not logged: ${error.message} Training goes on.`);
        this.failed.add(logger);
      }
    }
  }
}

/** What training and validation both tell: the total, each loss term, the squared error. */
const comparedFigures = ({ weights }: Prepared): string[] => ["total", ...Object.keys(weights(0)), "mse"];

/** A path as the user would type it from here. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near || ".";
}
