import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import type { BackendInfo } from "../../../backends/use_backend.ts";
import type { Config } from "../../../config/schema.ts";
import { UserError } from "../../../errors.ts";
import { makeFolder, writeAtomic } from "../../../files/atomic_file.ts";
import { shellWord } from "../../../text/shell.ts";
import { type Change, changeText, configChanges, resumeConfig } from "../../runs/config_history.ts";
import { BEST, LAST } from "../../runs/run_files.ts";
import { LostRun, type RunFolder } from "../../runs/run_folder.ts";
import type { RunState } from "../../runs/run_state.ts";
import type { Prepared } from "../prepared.ts";
import type { StepMetrics } from "../step.ts";
import type { Rates } from "../step_inputs.ts";
import { ConsoleLog, duration, metricsText } from "./console.ts";
import { CsvLogger } from "./csv.ts";
import { environment, parameterCount } from "./environment.ts";
import type { Arrays, LatentReport, Logger, Metrics, PictureTag } from "./logger.ts";
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
  /** Epochs, the last of which may not be whole. */
  readonly epochs: number;
  /** What a resumed run finds otherwise than it was left: a sentence each. */
  readonly changed: readonly string[];
}

/**
 * All that a run says and leaves besides its checkpoints. Where a logger fails for a reason that the user can
 * mend (a full disk), training goes on without it and the console says so once.
 */
export class RunLog {
  private readonly console: ConsoleLog;
  private readonly window: StepWindow;
  private readonly began = Date.now();
  /** When the first step of this process had ended, which takes longer than others, and its number. */
  private firstStep: { readonly step: number; readonly ended: number } | undefined;
  private readonly failed = new Set<Logger>();
  private loggers: Logger[] = [];
  private configText = "";

  constructor(private readonly args: RunLogArgs) {
    this.console = new ConsoleLog(args.quiet);
    this.window = new StepWindow(args.state.window);
  }

  /** Writes config.yaml and environment.json, opens the loggers and says what runs. */
  async start(configText: string): Promise<void> {
    const { folder, resume, config, state, prepared } = this.args;
    this.configText = configText;
    if (resume) await resumeConfig(folder.path, configText, state.step);
    await this.describe(resume ? `_resumed_at_${state.step}` : "");
    const csv = CsvLogger.open(folder.metrics, resume ? state : undefined);
    const toValidate = state.ended < state.step; // what there is of that step's validation is written again
    const kept = toValidate ? state.step - 1 : state.step;
    const tensorboard = new TensorBoardLogger(
      folder.path,
      config,
      configText,
      resume ? kept : undefined,
      comparedMetrics(prepared),
    );
    this.loggers = [csv, tensorboard];
    const changes = resume ? configChanges(folder.path) : [];
    const now = changes.filter(({ step }) => step === state.step);
    this.sayWhatRuns(now);
    const row = resume && toValidate ? csv.at(state.step) : undefined;
    this.each((logger) => {
      if (logger !== tensorboard) return;
      if (row !== undefined) tensorboard.metrics(state, row);
      if (changes.length > 0) tensorboard.settingsChanged(changes.map(changeText).join("; "));
      if (now.length > 0) tensorboard.configFrom(state.step);
    });
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
    if (suffix === "") await writeAtomic(folder.config, this.configText);
    await writeAtomic(folder.environment.replace(/(?=\.json$)/, suffix), about);
  }

  message(text: string): void {
    this.console.message(text);
  }

  /** As `message`, of what went wrong. */
  warn(text: string): void {
    this.console.warn(text);
  }

  /** As `message`, but not where the run is quiet. */
  note(text: string): void {
    this.console.note(text);
  }

  step(
    state: Readonly<RunState>,
    figures: StepMetrics,
    at: { lr: Rates; images: number; waitSeconds: number },
  ): void {
    this.window.add(figures, at);
    const { totalSteps, epochs } = this.args;
    const { imagesPerSecond } = this.window;
    this.firstStep ??= { step: state.step, ended: Date.now() };
    const timed = state.step - this.firstStep.step;
    const perStep = (Date.now() - this.firstStep.ended) / 1000 / timed;
    const progress = {
      epoch: state.epoch + 1,
      epochs,
      step: state.step,
      totalSteps,
      imagesPerSecond,
      secondsLeft: timed > 0 ? (totalSteps - state.step) * perStep : undefined,
    };
    this.rowIfDue(state); // before it is told: who hears of a step finds its row
    this.console.progress(progress, figures);
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
    if (Object.keys(metrics).length > 0) {
      const { epochs, totalSteps, brief } = this.args;
      const ended = state.batch === 0 ? `epoch ${state.epoch}/${epochs}` : `step ${state.step}/${totalSteps}`;
      const label = this.console.paint("bold", `${ended} validation:`);
      if (!brief) this.console.note(`${label} ${metricsText(shortened(metrics))}`);
      this.each((logger) => logger.metrics(state, metrics));
    }
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
      this.console.warn(`not kept: ${error.message} Training goes on.`);
    }
  }

  async flush(): Promise<void> {
    this.each((logger) => logger.flush?.());
    this.window.restart();
  }

  /** The run is at its end: says what is where; `complete`: it came out as it should. */
  async finish(metrics: Metrics, complete: boolean): Promise<void> {
    if (complete) this.each((logger) => logger.finish?.(metrics));
    this.console.close();
    if (this.args.brief) return;
    const seconds = (Date.now() - this.began) / 1000;
    const figures = Object.keys(metrics).length > 0 ? `; validation: ${metricsText(shortened(metrics))}` : "";
    this.console.message(
      [
        `${this.console.paint(complete ? "green" : "yellow", `trained in ${duration(seconds)}`)}${figures}`,
        ...this.whereThingsAre(),
      ].join("\n"),
    );
  }

  /** The run was at its end before: says so, and how to go on. */
  alreadyFinished(): void {
    const { folder, state, config, epochs, brief } = this.args;
    if (brief) return;
    const { max_epochs, max_steps } = config.trainer_params;
    const reached = [
      ...(max_steps !== undefined && state.step >= max_steps ? [`max_steps=${2 * max_steps}`] : []),
      ...((max_epochs ?? epochs) <= state.epoch ? [`max_epochs=${2 * epochs}`] : []),
    ].map((value) => `--set trainer_params.${value}`);
    const run = shellWord(shown(folder.path));
    this.console.message(
      [
        `${run} had finished, at step ${state.step} in ${state.epoch} epoch${state.epoch === 1 ? "" : "s"}; nothing was trained. To train on: ` +
          `vae run --resume ${run} ${reached.join(" ")}`,
        ...this.whereThingsAre(),
      ].join("\n"),
    );
  }

  /** A line for each kind of thing that is there. */
  private whereThingsAre(): string[] {
    const { folder, config } = this.args;
    const files = (path: string) => (existsSync(path) ? readdirSync(path) : []);
    const pictures = [folder.samples, folder.reconstructions, folder.traversals].filter(
      (path) => files(path).length > 0,
    );
    const there = files(folder.checkpoints);
    const checkpoints = [
      ...(there.includes(LAST) ? ["last"] : []),
      ...(there.includes(BEST) ? ["best"] : []),
    ];
    const lines: [what: string, where: string][] = [
      ["pictures", pictures.map((path) => `${shown(path)}/`).join(", ")],
      [
        "checkpoints",
        checkpoints.length > 0 ? `${shown(folder.checkpoints)}/ (${checkpoints.join(", ")})` : "",
      ],
      ["metrics", existsSync(folder.metrics) ? shown(folder.metrics) : ""],
      [
        "TensorBoard",
        `pip install tensorboard; tensorboard --logdir ${shellWord(shown(config.logging_params.save_dir))}`,
      ],
    ];
    return lines.flatMap(([what, where]) => (where === "" ? [] : [`  ${what.padEnd(11)}  ${where}`]));
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

  private sayWhatRuns(settings: readonly Change[]): void {
    const { config, prepared, backend, folder, resume, state, totalSteps, stepsPerEpoch } = this.args;
    const { brief, changed } = this.args;
    for (const sentence of changed) this.console.warn(`note   ${sentence}`);
    if (brief) return;
    const { dataset, train, val, model, vae } = prepared;
    const count = (n: number) => n.toLocaleString("en");
    const label = (text: string) => this.console.paint("bold", text);
    const lines = [
      `${label("model")}  ${model.name}, ${count(parameterCount(vae))} parameters`,
      `${label("data")}   ${dataset.name}: ${count(train.size)} training and ${count(val.size)} validation images of ${dataset.imageShape.join("x")}; ${dataset.splitNote}`,
      `${label("on")}     ${backend.library} ${backend.version}, ${backend.device}`,
      `${label("run")}    ${shown(folder.path)}${resume ? `, resumed at step ${count(state.step)}` : ""}: ${count(totalSteps)} steps, ${count(stepsPerEpoch)} an epoch`,
    ];
    for (const change of settings) lines.push(`${label("new")}    ${changeText(change)}`);
    const { skipped, notes = [] } = dataset;
    if (skipped.length > 0) lines.push(`note   ${skipped.length} images skipped, the first: ${skipped[0]}`);
    lines.push(...notes.map((note) => `note   ${note}`));
    if (val.size === 0)
      lines.push(
        "note   no images for validation: no figures of it, no reconstructions and no best checkpoint",
      );
    else if (config.trainer_params.limit_val_batches === 0)
      lines.push(
        "note   trainer_params.limit_val_batches is 0: no figures of validation and no best checkpoint",
      );
    this.console.note(lines.join("\n"));
  }

  private each(use: (logger: Logger) => void): void {
    for (const logger of this.loggers) {
      this.args.folder.check(); // each time: this process may stand still between two
      try {
        use(logger);
        if (this.failed.delete(logger)) this.console.message("logged again.");
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        if (!this.failed.has(logger)) this.console.warn(`not logged: ${error.message} Training goes on.`);
        this.failed.add(logger);
      }
    }
  }
}

/** What training and validation both tell: the total, each loss term, the squared error. */
const comparedMetrics = ({ weights }: Prepared): string[] => ["total", ...Object.keys(weights(0)), "mse"];

/** Without the objective, where that is the total: as it is once all schedules are at their ends. */
function shortened(metrics: Metrics): Metrics {
  const { "val/objective": objective, ...others } = metrics;
  const total = metrics["val/total"];
  const same =
    objective === undefined || Math.abs(objective - (total ?? Number.NaN)) <= 1e-6 * Math.abs(objective);
  return same ? others : metrics;
}

/** A path as the user would type it from here. */
function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith("..") ? path : near || ".";
}
