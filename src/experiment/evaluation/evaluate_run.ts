import type { Dataset } from "../../data/dataset.ts";
import { ConfigError, UserError } from "../../errors.ts";
import { didYouMean } from "../../text/suggest.ts";
import type { OpenRun, SplitName } from "../trained/open_trained.ts";
import { FigureContext, type FigureOptions } from "./context.ts";
import { TRAINING_CODES } from "./encode.ts";
import { imagesEvaluated } from "./evaluated.ts";
import type { Figure, Value } from "./figure.ts";
import { labelFigures } from "./labels.ts";
import { likelihoodFigures } from "./likelihoods.ts";
import { pictureFigures } from "./pictures.ts";

const ofGaussian = (figure: Figure): Figure => ({ ...figure, gaussian: true });

/**
 * All figures, in the order of the table: a figure is its function in `metrics/`, a row of `metrics/table.ts` and an entry
 * here.
 */
export const figures: readonly Figure[] = [
  ...likelihoodFigures.map(ofGaussian),
  ...pictureFigures,
  ...labelFigures.map(ofGaussian),
];

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
  readonly figures: Readonly<Record<string, Value>>;
  /** By figure, what it trained its classifiers on. All else is of the images evaluated alone. */
  readonly trained_on: Readonly<Record<string, { readonly split: SplitName; readonly images: number }>>;
  /** Why a figure was left out. */
  readonly left_out: Readonly<Record<string, string>>;
  /** What a reader should know besides: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * The figures named, or all that can be computed.
 *
 * @throws ConfigError for an unknown name, or a named figure that the data or the model don't allow; UserError for a
 * split without images. What shows only when it is computed is in `left_out`, named or not.
 */
export async function evaluateRun(
  run: OpenRun,
  options: FigureOptions,
  names: readonly string[] | undefined,
  say: (text: string) => void = () => {},
): Promise<Evaluation> {
  const chosen = names === undefined ? figures.filter((f) => f.byDefault) : names.map(figureNamed);
  const { splits, name: data } = await run.dataset();
  if (splits[options.split].size === 0) throw noImages(options.split, splits, data);
  const asked = new Map<string, Figure>();
  const context = new FigureContext(run, options, asked);
  const { leftOut, notes } = context;
  for (const figure of chosen) {
    const reason =
      (await figure.missing?.(context)) ?? (figure.gaussian ? await context.notGaussian() : undefined);
    if (reason === undefined) asked.set(figure.name, figure);
    else if (names === undefined) leftOut[figure.name] = reason;
    else throw new ConfigError(`--figures ${figure.name}: ${reason}.`);
  }
  const values: Record<string, Value> = {};
  const trained: Record<string, { split: SplitName; images: number }> = {};
  for (const figure of asked.values()) {
    say(`${figure.name} …`);
    const found = Object.entries(await figure.compute(context));
    for (const [name, value] of found) {
      const bad = [value].flat().find((v) => !Number.isFinite(v));
      if (bad === undefined) values[name] = value;
      else leftOut[name] = `came out as ${bad}`;
    }
    if (figure.trains && found.length > 0)
      trained[figure.name] = { split: "train", images: Math.min(TRAINING_CODES, splits.train.size) };
  }
  const judged = Object.keys(trained);
  if (options.split === "train" && judged.length > 0)
    notes.push(`${judged.join(", ")}: judged by images that they were trained on (--split train)`);
  const none = context.noTrainedLikelihood;
  if (none !== undefined && asked.has("elbo")) leftOut.elbo_trained = none;
  const likelihood = context.trainedLikelihood?.name;
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
    ...(likelihood !== undefined && { trained_likelihood: likelihood }),
    figures: values,
    trained_on: trained,
    left_out: leftOut,
    notes,
  };
}

function noImages(split: SplitName, splits: Dataset["splits"], data: string): UserError {
  const others = Object.entries(splits).flatMap(([name, { size }]) =>
    size > 0 ? [`${name} (${size})`] : [],
  );
  return new UserError(
    `--split ${split}: expected images, got none in this split of ${data}. There are some in ${others.join(", ")}.`,
  );
}

/** Other names that people know a figure by. */
const KNOWN_AS = { frechet: ["fid"], log_likelihood: ["nll"] };

/** The figure of a name. @throws ConfigError */
export function figureNamed(name: string): Figure {
  const found = figures.find((f) => f.name === name);
  if (found) return found;
  const names = figures.map((f) => f.name);
  throw new ConfigError(
    `--figures: expected some of ${names.join(", ")}, got "${name}".${didYouMean(name, names, KNOWN_AS)}`,
  );
}
