import type { HostBatch } from "../../data/loader.ts";
import { reconstructionGrid, sampleGrid } from "../../explore/grids.ts";
import type { Images } from "../../explore/images.ts";
import { afterValidation, type StopRule, stopRuleOf } from "./early_stopping.ts";
import { fitPrior } from "./fit_prior.ts";
import { fittedSamples } from "./fitted_samples.ts";
import { latentReport } from "./latent_report.ts";
import { isBetter, type Monitor, monitorOf, validates } from "./monitor.ts";
import type { RunContext } from "./run_context.ts";
import type { Saver } from "./saver.ts";
import { Signs } from "./signs.ts";
import { validate } from "./validate.ts";

/** The validations of a run: metrics, pictures, and whether the state is the best so far. */
export class Validator {
  /** Metrics of the last validation, `val/…`. */
  metrics: Readonly<Record<string, number>> = {};
  /** Why the last validation is of no use, where that is so. */
  problem: string | undefined;
  readonly monitor: Monitor;
  private readonly stopRule: StopRule | undefined;
  private readonly signs = new Signs();
  /** Why no mixture was fitted, as far as that was said. */
  private readonly told = new Set<string>();

  constructor(
    private readonly run: RunContext,
    private readonly saver: Saver,
  ) {
    this.monitor = monitorOf(run.args.config);
    this.stopRule = stopRuleOf(run.args.config);
  }

  /**
   * Fits a prior that is not trained, and validates and shows the state, of averaged weights where there are such. No
   * step may be under way.
   */
  async validate(): Promise<void> {
    const { state, args, log, stepper, callbacks } = this.run;
    stepper.syncVariables();
    const { average } = args.prepared;
    const look = async () => {
      const prior = await fitPrior(args.prepared);
      this.metrics = await this.measure(prior);
      return this.show();
    };
    const reconstructed = await (average === undefined ? look() : average.during(look));
    log.validation(state, this.metrics);
    const isBest = this.judge();
    this.tell(reconstructed?.images);
    await callbacks.validation({ metrics: this.metrics, isBest });
  }

  /** The metrics of validation, those of the prior's fit among them; none where nothing is validated. */
  private async measure(prior: Readonly<Record<string, number>>): Promise<Record<string, number>> {
    const { state, args } = this.run;
    const { config, prepared } = args;
    if (!validates(prepared, config)) return {};
    const { val, vae, weights, objective, rng, imageRange } = prepared;
    const batches = firstOf(val.batches(0), config.trainer_params.limit_val_batches ?? Infinity);
    const how = { vae, weights, objective, rng: rng.fold("validation") };
    const means = await validate(how, batches, state.step, imageRange);
    const all = Object.entries({ ...means, ...prior });
    return Object.fromEntries(all.map(([name, value]) => [`val/${name}`, value]));
  }

  /** Samples, reconstructions and latents; gives the reconstructions, where there are some. */
  private async show(): Promise<Images | undefined> {
    const { state, args, log } = this.run;
    const { val, vae, rng, imageRange } = args.prepared;
    const { image_count, latent_count, fitted_samples } = args.config.logging_params;
    const samples = await sampleGrid(vae, image_count, rng.fold("samples"), imageRange);
    if (samples !== undefined) await log.picture("Samples", state, samples);
    if (fitted_samples) {
      const fitted = await fittedSamples(args.prepared, image_count);
      if (typeof fitted !== "string") await log.picture("FittedSamples", state, fitted);
      else if (!this.told.has(fitted))
        log.note(
          `note   no FittedSamples: a mixture of Gaussians can't be fitted to ${args.prepared.model.name}, ${fitted}`,
        );
      if (typeof fitted === "string") this.told.add(fitted);
    }
    if (val.size === 0) return undefined;
    const images = await val.spread(Math.max(1, Math.floor(image_count / 2)));
    const { png, reconstructed } = await reconstructionGrid(
      vae,
      images,
      rng.fold("reconstructions"),
      imageRange,
    );
    await log.picture("Reconstructions", state, png);
    if (latent_count > 0) await log.latents(state, await latentReport(args.prepared, latent_count));
    return reconstructed;
  }

  /** Says what goes wrong though all is finite. */
  private tell(reconstructed: ArrayLike<number> | undefined): void {
    const { state, args, log } = this.run;
    const { weights, imageRange, dataset } = args.prepared;
    const [height, width, channels] = dataset.imageShape;
    const terms = Object.keys(weights(0));
    const values = height * width * channels;
    const seen = { step: state.step, metrics: this.metrics, terms, values, imageRange, reconstructed };
    for (const text of this.signs.of(seen)) log.warn(text);
  }

  /** Whether the state is the best so far; and notes whether its metrics are numbers at all. */
  private judge(): boolean {
    const { monitor, metrics } = this;
    const { state, log } = this.run;
    state.notFinite = this.notFinite();
    this.problem = state.notFinite ?? this.otherProblem();
    if (this.stopRule !== undefined && Object.keys(metrics).length > 0) {
      const watched = this.problem === undefined ? metrics[this.stopRule.monitor] : undefined;
      state.stopping = afterValidation(state.stopping, this.stopRule, watched ?? Number.NaN, state.step);
    }
    const value = metrics[monitor.monitor];
    if (this.problem !== undefined) log.warn(`${this.problem}; no best checkpoint is taken from it`);
    const isBest = this.problem === undefined && value !== undefined && isBetter(value, state.best, monitor);
    if (isBest) this.saver.takeBest({ ...monitor, value, step: state.step });
    return isBest;
  }

  /** Which losses are not finite: half a sentence. */
  private notFinite(): string | undefined {
    const { metrics, monitor } = this;
    const { state, args } = this.run;
    const losses = ["total", "objective", ...Object.keys(args.prepared.weights(0)), "mse"];
    const bad = [...new Set([...losses.map((name) => `val/${name}`), monitor.monitor])].filter(
      (name) => metrics[name] !== undefined && !Number.isFinite(metrics[name]),
    );
    if (bad.length === 0) return undefined;
    const shown = bad.map((name) => `${name} ${metrics[name]}`).join(", ");
    return `the validation at step ${state.step} is not finite: ${shown}`;
  }

  private otherProblem(): string | undefined {
    const { metrics, monitor } = this;
    const names = Object.keys(metrics);
    if (names.length === 0 || metrics[monitor.monitor] !== undefined) return undefined;
    return `trainer_params.checkpoint.monitor: expected one of ${names.join(", ")}, got "${monitor.monitor}"`;
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
