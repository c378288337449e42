import { join } from "node:path";
import { leaves } from "../../../config/leaves.ts";
import { UserError } from "../../../errors.ts";
import { makeFolder, writeAtomic } from "../../../files/atomic_file.ts";
import type { LoggerArgs } from "../../../loggers/define.ts";
import type { Arrays, Metrics, PictureTag } from "../../../loggers/logger.ts";
import { loggerOf } from "../../../loggers/registry.ts";
import { duration } from "../../../text/numbers.ts";
import { type Change, changeText, configChanges, resumeConfig } from "../../runs/config_history.ts";
import type { RunState } from "../../runs/run_state.ts";
import { ConsoleLog, metricsText } from "./console.ts";
import { environment } from "./environment.ts";
import { GuardedLoggers } from "./guarded_loggers.ts";
import type { LatentReport } from "./latent_report.ts";
import { writeProjector } from "./projector.ts";
import type { RunLogArgs, RunParts } from "./run_log_args.ts";
import type { Rates, StepMetrics } from "./step_metrics.ts";
import { StepWindow } from "./step_window.ts";
import { hadFinished, type StoppedEarly, whatRuns } from "./what_runs.ts";
import { whereThingsAre } from "./where_things_are.ts";

/** All that a run says and leaves besides its checkpoints. */
export class RunLog {
  private readonly console: ConsoleLog;
  private readonly window: StepWindow;
  private readonly began = Date.now();
  /** When the first step of this process had ended, which takes longer than others, and its number. */
  private firstStep: { readonly step: number; readonly ended: number } | undefined;
  private readonly loggers: GuardedLoggers;
  private configText = "";

  constructor(private readonly args: RunLogArgs) {
    this.console = new ConsoleLog(args.quiet, args.out);
    this.loggers = new GuardedLoggers(args.folder, this.console);
    this.window = new StepWindow(args.state.window);
  }

  /** Writes config.yaml and environment.json, opens the loggers and says what runs. */
  async start(configText: string): Promise<void> {
    const { folder, resume, config, state } = this.args;
    this.configText = configText;
    if (resume) await resumeConfig(folder.path, configText, state.step);
    await this.describe(resume ? `_resumed_at_${state.step}` : "");
    const args = this.loggerArgs();
    const chosen = config.logging_params.loggers.map(loggerOf);
    const loggers = await Promise.all(chosen.map(({ definition, params }) => definition.open(params, args)));
    this.loggers.open(loggers);
    const changes = resume ? configChanges(folder.path) : [];
    const now = changes.filter(({ step }) => step === state.step);
    this.sayWhatRuns(now);
    if (resume) {
      const again = state.ended < state.step; // what there is of that step's validation is written again
      const row = again ? loggers.map((logger) => logger.at?.(state.step)).find(Boolean) : undefined;
      const resumption = { row, changes: changes.map(changeText).join("; "), changed: now.length > 0 };
      this.loggers.each((logger) => logger.resumed?.(state, resumption));
    }
    this.window.restart();
  }

  /** Of a run that was at its end before: what its loggers could not send then. */
  async deliver(configText: string): Promise<void> {
    this.configText = configText;
    const chosen = this.args.config.logging_params.loggers.map(loggerOf);
    for (const { definition, params } of chosen) await definition.deliver?.(params, this.loggerArgs());
  }

  private loggerArgs(): LoggerArgs {
    const { folder, config, prepared, resume, state } = this.args;
    const { step, epoch, ended } = state;
    return {
      folder: folder.path,
      name: config.logging_params.name ?? prepared.model.name,
      settings: leaves(config),
      configText: this.configText,
      compared: comparedMetrics(prepared),
      resumedAt: resume ? { step, epoch, ended } : undefined,
      say: (text) => this.console.warn(text),
    };
  }

  /** The run's folder was deleted and is there again, empty: config.yaml and what the loggers still know. */
  async renew(): Promise<void> {
    await this.describe("");
    this.loggers.each((logger) => logger.renew?.());
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
    metrics: StepMetrics,
    at: { lr: Rates; images: number; waitSeconds: number },
  ): void {
    this.window.add(metrics, at);
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
    this.console.progress(progress, metrics);
  }

  /** A step that changed nothing, because its loss or gradient was not finite. */
  skipped(state: Readonly<RunState>): void {
    this.rowIfDue(state);
  }

  private rowIfDue(state: Readonly<RunState>): void {
    const every = this.args.config.trainer_params.log_every_n_steps;
    if (state.step !== 1 && state.step % every !== 0) return;
    const row = this.window.take();
    if (row !== undefined) this.loggers.each((logger) => logger.metrics(state, row));
  }

  validation(state: Readonly<RunState>, metrics: Metrics): void {
    if (Object.keys(metrics).length > 0) {
      const { epochs, totalSteps, brief } = this.args;
      const ended = state.batch === 0 ? `epoch ${state.epoch}/${epochs}` : `step ${state.step}/${totalSteps}`;
      const label = this.console.paint("bold", `${ended} validation:`);
      if (!brief) this.console.note(`${label} ${metricsText(shortened(metrics))}`);
      this.loggers.each((logger) => logger.metrics(state, metrics));
    }
    this.window.restart();
  }

  async picture(tag: PictureTag, state: Readonly<RunState>, png: Buffer): Promise<void> {
    const { samples, fittedSamples, reconstructions, traversals } = this.args.folder;
    const folder = {
      Samples: samples,
      FittedSamples: fittedSamples,
      Reconstructions: reconstructions,
      Traversals: traversals,
      KL_per_dimension: undefined,
    }[tag];
    if (folder !== undefined)
      await this.keep(async () => {
        await makeFolder(folder);
        await writeAtomic(join(folder, `epoch_${String(state.epoch).padStart(4, "0")}.png`), png);
      });
    this.loggers.each((logger) => logger.picture?.(tag, state, png));
  }

  histograms(state: Readonly<RunState>, values: Arrays): void {
    this.loggers.each((logger) => logger.histograms?.(state, values));
    this.window.restart();
  }

  async latents(state: Readonly<RunState>, report: LatentReport): Promise<void> {
    await this.keep(() => writeProjector(this.args.folder.path, report.embedding));
    this.loggers.each((logger) => logger.histograms?.(state, report.histograms));
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
    this.loggers.each((logger) => logger.flush?.());
    this.window.restart();
  }

  /** The run is at its end: says what is where; `complete`: it came out as it should. */
  async finish(metrics: Metrics, complete: boolean): Promise<void> {
    if (complete) this.loggers.each((logger) => logger.finish?.(metrics));
    this.console.close();
    if (this.args.brief) return;
    const seconds = (Date.now() - this.began) / 1000;
    const validation =
      Object.keys(metrics).length > 0 ? `; validation: ${metricsText(shortened(metrics))}` : "";
    this.console.message(
      [
        `${this.console.paint(complete ? "green" : "yellow", `trained in ${duration(seconds)}`)}${validation}`,
        ...whereThingsAre(this.args),
      ].join("\n"),
    );
  }

  /** The run was at its end before: says so, and how to go on. */
  alreadyFinished(stopped?: StoppedEarly): void {
    if (!this.args.brief) this.console.message(hadFinished(this.args, stopped));
  }

  async close(): Promise<void> {
    this.console.close();
    await this.loggers.close();
  }

  private sayWhatRuns(settings: readonly Change[]): void {
    const { brief, changed } = this.args;
    for (const sentence of changed) this.console.warn(`note   ${sentence}`);
    if (!brief) this.console.note(whatRuns(this.args, settings, (text) => this.console.paint("bold", text)));
  }
}

/** What training and validation both tell: the total, each loss term, the squared error. */
const comparedMetrics = ({ weights }: RunParts): string[] => ["total", ...Object.keys(weights(0)), "mse"];

/** Without the objective, where that is the total: as it is once all schedules are at their ends. */
function shortened(metrics: Metrics): Metrics {
  const { "val/objective": objective, ...others } = metrics;
  const total = metrics["val/total"];
  const same =
    objective === undefined || Math.abs(objective - (total ?? Number.NaN)) <= 1e-6 * Math.abs(objective);
  return same ? others : metrics;
}
