import { ConfigError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";
import { activeUnitsMetric } from "./active_units.ts";
import { betaVaeMetric } from "./beta_vae_score.ts";
import { dciMetric } from "./dci.ts";
import type { MetricDefinition, PictureMetric, PosteriorMetric } from "./define.ts";
import { elboMetric } from "./elbo.ts";
import { factorVaeMetric } from "./factor_vae_score.ts";
import { frechetMetric } from "./frechet.ts";
import { klMetric } from "./kl.ts";
import { svmMetric } from "./linear_svm.ts";
import { logLikelihoodMetric } from "./log_likelihood.ts";
import { logisticMetric } from "./logistic_regression.ts";
import { lpipsMetric } from "./lpips.ts";
import { migMetric } from "./mig.ts";
import { perceptualMetric } from "./perceptual.ts";
import { sapMetric } from "./sap.ts";
import { sharpnessMetric } from "./sharpness.ts";
import { meanSquaredErrorMetric, peakSignalToNoiseMetric } from "./squared_error.ts";
import { multiScaleSsimMetric, ssimMetric } from "./ssim.ts";

export const posteriorMetrics: readonly PosteriorMetric[] = [
  elboMetric,
  logLikelihoodMetric,
  klMetric,
  activeUnitsMetric,
];

export const pictureMetrics: readonly PictureMetric[] = [
  meanSquaredErrorMetric,
  peakSignalToNoiseMetric,
  ssimMetric,
  multiScaleSsimMetric,
  lpipsMetric,
  frechetMetric,
  perceptualMetric,
  sharpnessMetric,
];

export const labelMetrics: readonly MetricDefinition[] = [
  svmMetric,
  logisticMetric,
  migMetric,
  dciMetric,
  sapMetric,
  factorVaeMetric,
  betaVaeMetric,
];

/** All that `vae evaluate` computes, in the order of the table. A metric is its file in this folder and a line above. */
export const metricDefinitions: readonly MetricDefinition[] = [
  ...posteriorMetrics,
  ...pictureMetrics,
  ...labelMetrics,
];

/** The metric of a name. @throws ConfigError */
export function metricNamed(name: string): MetricDefinition {
  const found = metricDefinitions.find((metric) => metric.name === name);
  if (found) return found;
  const names = metricDefinitions.map((metric) => metric.name);
  const knownAs = Object.fromEntries(metricDefinitions.map((metric) => [metric.name, metric.knownAs ?? []]));
  throw new ConfigError(
    `--metrics: expected some of ${names.join(", ")}, got "${name}".${didYouMean(name, names, knownAs)}`,
  );
}
