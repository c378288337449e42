import type { Better, Metric } from "./figures/figure.ts";
import { figures } from "./figures/index.ts";

export type { Better, Metric };

/** What validation gives besides figures, which it computes of the validation images as it goes. */
const ofValidation: Readonly<Record<string, Metric>> = {
  total: {
    unit: "",
    better: "lower",
    computed: "the weighted sum of the loss terms, with the weights of the step",
    column: true,
  },
  objective: {
    unit: "",
    better: "lower",
    computed: "the same with the weights at the end of their schedules, without adversarial terms",
    column: true,
  },
};

/**
 * Every number that is computed of a model, in the order of tables: what validation logs as `val/NAME`, and what
 * `vae evaluate` computes. A word in capitals stands for any: `svm_LABEL`. Loss terms are not here but in the models'
 * definitions.
 */
export const metrics: Readonly<Record<string, Metric>> = {
  ...ofValidation,
  ...Object.fromEntries(figures.flatMap((figure) => Object.entries(figure.metrics))),
};

const patterns = Object.entries(metrics).flatMap(([name, metric]) =>
  /[A-Z]/.test(name) ? [[new RegExp(`^${name.replace(/[A-Z]+/, ".+")}$`), metric] as const] : [],
);

/** What a number of this name says, with or without `val/` or `train/`; undefined for a loss term, or an unknown one. */
export function metricOf(name: string): Metric | undefined {
  const bare = name.replace(/^(val|train)\//, "");
  if (Object.hasOwn(metrics, bare)) return metrics[bare];
  return patterns.find(([pattern]) => pattern.test(bare))?.[1];
}

/**
 * Which of two values of a number is better, by its name (`psnr`, `val/psnr`). `terms` are names of loss terms, which are
 * minimized; a number that is neither here nor there has no better.
 */
export function betterOf(name: string, terms: readonly string[] = []): Better {
  const found = metricOf(name);
  if (found !== undefined) return found.better;
  return terms.includes(name.replace(/^(val|train)\//, "")) ? "lower" : "neither";
}

/** As a table says it. */
export const BETTER_WORDS: Readonly<Record<Better, string>> = {
  higher: "higher",
  lower: "lower",
  images: "as the images'",
  neither: "–",
};
