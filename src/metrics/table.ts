import type { Better, Metric, MetricDefinition } from "./define.ts";
import { labelMetrics, pictureMetrics, posteriorMetrics } from "./registry.ts";

/** Of every validation. */
const OF_THE_LOSS: Readonly<Record<string, Metric>> = {
  objective: {
    unit: "",
    better: "lower",
    computed:
      "weighted sum of the loss terms, weights as at the end of their schedules, without adversarial terms",
    column: true,
  },
  total: {
    unit: "",
    better: "lower",
    computed: "weighted sum of the loss terms, weights as they are at the step",
    column: true,
  },
};

/** Of validations of models whose z is a grid of codes. */
const OF_CODES: Readonly<Record<string, Metric>> = {
  perplexity: {
    unit: "codes",
    better: "higher",
    computed: "e to the entropy of the codes in use, the number of codes at most",
  },
  codes_used: {
    unit: "",
    better: "higher",
    computed: "share of the codebook that the images have codes of",
  },
  prior_bits_per_code: {
    unit: "bits",
    better: "lower",
    computed: "cross-entropy of codes under the prior that was fitted to them",
  },
};

const numbersOf = (definitions: readonly MetricDefinition[]): Readonly<Record<string, Metric>> =>
  Object.assign({}, ...definitions.map(({ numbers }) => numbers));

/**
 * Every number that is computed of a model, in the order of tables: what validation logs as `val/NAME`, and what
 * `vae evaluate` computes (docs/figures.md). A word in capitals stands for any: `svm_LABEL`. Loss terms are not here, but
 * in their models' definitions.
 */
export const metrics: Readonly<Record<string, Metric>> = {
  ...OF_THE_LOSS,
  ...numbersOf(posteriorMetrics),
  ...OF_CODES,
  ...numbersOf(pictureMetrics),
  ...numbersOf(labelMetrics),
};

/** Matches what a name stands for, in which words in capitals stand for any. */
export const patternOf = (name: string): RegExp => new RegExp(`^${name.replace(/[A-Z]+/g, ".+")}$`);

const patterns = Object.entries(metrics).flatMap(([name, metric]) =>
  /[A-Z]/.test(name) ? [[patternOf(name), metric] as const] : [],
);

const bare = (name: string): string => name.replace(/^(val|train)\//, "");

/** What a number of this name says, with or without `val/` or `train/`; undefined for a loss term, or an unknown one. */
export function metricOf(name: string): Metric | undefined {
  const known = bare(name);
  if (Object.hasOwn(metrics, known)) return metrics[known];
  return patterns.find(([pattern]) => pattern.test(known))?.[1];
}

/**
 * Which of two values of a number is better, by its name (`psnr`, `val/psnr`). `terms` are names of loss terms, which are
 * minimized; of what is neither here nor there nothing is known, and so nothing better.
 */
export function betterOf(name: string, terms: readonly string[] = []): Better {
  const found = metricOf(name);
  if (found !== undefined) return found.better;
  return terms.includes(bare(name)) ? "lower" : "neither";
}

/** Which value of a metric chooses the best checkpoint: the lowest or the highest. */
export type Mode = "min" | "max";

/** The mode of a metric; of a loss term, and of what is not known, the lowest. */
export const modeOf = (metric: string): Mode => (betterOf(metric) === "higher" ? "max" : "min");

/** Metrics of validation that are known before a model is built, with `val/`: those of the columns and its `terms`. */
export function knownMetrics(terms: readonly string[]): string[] {
  const columns = Object.keys(metrics).filter((name) => metrics[name]!.column);
  return [...new Set(["objective", "total", ...terms, ...columns].map((name) => `val/${name}`))];
}

/** As a table says it. */
export const BETTER_WORDS: Readonly<Record<Better, string>> = {
  higher: "higher",
  lower: "lower",
  images: "as the images'",
  neither: "–",
};
