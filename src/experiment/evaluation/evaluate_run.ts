import type { Dataset } from "../../data/dataset.ts";
import { ConfigError, UserError } from "../../errors.ts";
import type { MetricDefinition, PictureMetric, Value, Values } from "../../metrics/define.ts";
import { metricDefinitions, metricNamed } from "../../metrics/registry.ts";
import type { OpenRun, SplitName } from "../trained/open_trained.ts";
import { classify } from "./classifiers.ts";
import { EvaluationContext, type EvaluationOptions } from "./context.ts";
import { ofFactors } from "./factors.ts";
import { imagesEvaluated, missingOf, missingOfModel } from "./missing.ts";
import { pictureValues } from "./picture_pass.ts";
import { posteriorNumbers } from "./posterior_numbers.ts";
import { lossLikelihood } from "./trained_likelihood.ts";
import { TRAINING_IMAGES } from "./training_means.ts";

/** What `vae evaluate --json` prints. */
export interface Evaluation {
  readonly run: string;
  readonly checkpoint: string;
  readonly model: string;
  readonly step: number;
  readonly epoch: number;
  readonly data: string;
  readonly split: string;
  readonly images: number;
  readonly seed: number;
  /** K of log_likelihood. */
  readonly draws: number;
  /** Of elbo_trained and log_likelihood_trained; absent where the loss stands for none. */
  readonly trained_likelihood?: string;
  /** Metrics, by the name of each number. */
  readonly figures: Values;
  /** By metric, what it trained its classifiers on. All else is of the images evaluated alone. */
  readonly trained_on: Readonly<Record<string, { readonly split: SplitName; readonly images: number }>>;
  /** Why a metric was left out. */
  readonly left_out: Readonly<Record<string, string>>;
  /** What a reader should know besides: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * The metrics named, or all that can be computed. `leaveOut`: a named metric that the data or the model don't allow is left
 * out, as where none is named.
 *
 * @throws ConfigError for an unknown name, or else a named metric that isn't allowed; UserError for a
 * split without images. What shows only when it is computed is in `left_out`, named or not.
 */
export async function evaluateRun(
  run: OpenRun,
  options: EvaluationOptions,
  names: readonly string[] | undefined,
  { say = () => {}, leaveOut = names === undefined }: { say?(text: string): void; leaveOut?: boolean } = {},
): Promise<Evaluation> {
  const chosen = names?.map(metricNamed) ?? metricDefinitions.filter(({ byDefault }) => byDefault !== false);
  const { networks } = options;
  if (networks.length === 0 || new Set(networks.map(({ name }) => name)).size < networks.length)
    throw new ConfigError(
      `--network: expected one or more of different names, got ${networks.map(({ name }) => name).join(", ") || "none"}.`,
    );
  const { splits, name: data } = await run.dataset();
  if (splits[options.split].size === 0) throw noImages(options.split, splits, data);
  const context = new EvaluationContext(run, options);
  const { leftOut, notes } = context;
  const possible: MetricDefinition[] = [];
  for (const metric of new Set(chosen)) {
    const reason = (await missingOf(metric, context)) ?? (await missingOfModel(metric, context));
    if (reason === undefined) possible.push(metric);
    else if (leaveOut) leftOut[metric.name] = reason;
    else throw new ConfigError(`--metrics ${metric.name}: ${reason}.`);
  }
  const values: Record<string, Value> = {};
  const trained: Record<string, { split: SplitName; images: number }> = {};
  for (const metric of possible) {
    say(`${metric.name} …`);
    const found = Object.entries(await compute(metric, context, possible));
    for (const [name, value] of found) {
      const bad = [value].flat().find((v) => !Number.isFinite(v));
      if (bad === undefined) values[name] = value;
      else leftOut[name] = `came out as ${bad}`;
    }
    if (trains(metric) && found.length > 0)
      trained[metric.name] = { split: "train", images: Math.min(TRAINING_IMAGES, splits.train.size) };
  }
  const judged = Object.keys(trained);
  if (options.split === "train" && judged.length > 0)
    notes.push(`${judged.join(", ")}: judged by images that they were trained on (--split train)`);
  const likelihood = lossLikelihood(run);
  return {
    run: run.runDir,
    checkpoint: run.checkpoint,
    model: run.model.name,
    step: run.state.step,
    epoch: run.state.epoch,
    data,
    split: options.split,
    images: await imagesEvaluated(context),
    seed: options.seed,
    draws: options.draws,
    ...(typeof likelihood === "object" && { trained_likelihood: likelihood.name }),
    figures: values,
    trained_on: trained,
    left_out: leftOut,
    notes,
  };
}

/** By the names that stand in tables; of pictures, all of `possible` are computed in one. */
async function compute(
  metric: MetricDefinition,
  context: EvaluationContext,
  possible: readonly MetricDefinition[],
): Promise<Values> {
  switch (metric.kind) {
    case "pictures": {
      const ofPictures = possible.filter((m): m is PictureMetric => m.kind === "pictures");
      return (await pictureValues(context, ofPictures)).get(metric.name)!;
    }
    case "posterior":
      return metric.compute(await posteriorNumbers(context));
    case "classifier":
      return classify(context, metric);
    case "factors":
      return ofFactors(context, metric);
  }
}

/** Whether a metric trains something on training images. */
const trains = (metric: MetricDefinition): boolean =>
  metric.kind === "classifier" || (metric.kind === "factors" && metric.trains);

function noImages(split: SplitName, splits: Dataset["splits"], data: string): UserError {
  const others = Object.entries(splits).flatMap(([name, { size }]) =>
    size > 0 ? [`${name} (${size})`] : [],
  );
  return new UserError(
    `--split ${split}: expected images, got none in this split of ${data}. There are some in ${others.join(", ")}.`,
  );
}
