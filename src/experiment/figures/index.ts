import { ConfigError } from "../../errors.ts";
import { didYouMean } from "../../suggest.ts";
import type { OpenRun } from "../open_run.ts";
import { FigureContext, type FigureOptions } from "./context.ts";
import type { Better, Figure, Value } from "./figure.ts";
import { labelFigures } from "./labels.ts";
import { likelihoodFigures } from "./likelihoods.ts";
import { pictureFigures } from "./pictures.ts";

const ofGaussian = (figure: Figure): Figure => ({ ...figure, gaussian: true });

/** All figures, in the order of the table: a figure is its function in `metrics/` and an entry here. */
export const figures: readonly Figure[] = [
  ...likelihoodFigures.map(ofGaussian),
  ...pictureFigures,
  ...labelFigures.map(ofGaussian),
];

export type { Better };

/** Which of two values of a figure is better, by its name in an evaluation. */
export function betterOf(name: string): Better {
  for (const { better } of figures) if (typeof better === "object" && better[name]) return better[name];
  const owners = figures.filter((f) => name === f.name || name.startsWith(`${f.name}_`));
  const [owner] = owners.sort((a, b) => b.name.length - a.name.length);
  return typeof owner?.better === "string" ? owner.better : "neither";
}

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
  /** Why a figure was left out. */
  readonly left_out: Readonly<Record<string, string>>;
}

/**
 * The figures named, or all that can be computed.
 *
 * @throws ConfigError for an unknown name, or a named figure that can't be computed
 */
export async function evaluateRun(
  run: OpenRun,
  options: FigureOptions,
  names: readonly string[] | undefined,
  say: (text: string) => void = () => {},
): Promise<Evaluation> {
  const chosen = names === undefined ? figures.filter((f) => f.byDefault) : names.map(figureNamed);
  const asked = new Set<string>();
  const context = new FigureContext(run, options, asked);
  const leftOut: Record<string, string> = {};
  for (const figure of chosen) {
    const reason =
      (await figure.missing?.(context)) ?? (figure.gaussian ? await context.notGaussian() : undefined);
    if (reason === undefined) asked.add(figure.name);
    else if (names === undefined) leftOut[figure.name] = reason;
    else throw new ConfigError(`--figures ${figure.name}: ${reason}.`);
  }
  const values: Record<string, Value> = {};
  for (const figure of chosen.filter(({ name }) => asked.has(name))) {
    say(`${figure.name} …`);
    Object.assign(values, await figure.compute(context));
  }
  const dataset = await run.dataset();
  const trained = context.trainedLikelihood?.name;
  return {
    run: run.runDir,
    checkpoint: run.checkpoint,
    model: run.model.name,
    step: run.state.step,
    epoch: run.state.epoch,
    data: dataset.name,
    split: options.split,
    images: Math.min(options.maxImages, dataset.splits[options.split].size),
    seed: options.seed,
    draws: options.draws,
    ...(trained !== undefined && { trained_likelihood: trained }),
    figures: values,
    left_out: leftOut,
  };
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
