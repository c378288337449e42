/** Which of two values is better: of `images` the one nearer to that of the images; `neither`: it is no merit. */
export type Better = "higher" | "lower" | "images" | "neither";

/** What a number says of a model. */
export interface Metric {
  /** Empty for a number that has none. */
  readonly unit: string;
  readonly better: Better;
  /** How it is computed. */
  readonly computed: string;
  /** Whether every validation has it (of a model with such a latent), and `vae runs` and `vae compare` a column for it. */
  readonly column?: boolean;
}

const row = (unit: string, better: Better, computed: string): Metric => ({ unit, better, computed });
const column = (unit: string, better: Better, computed: string): Metric => ({
  ...row(unit, better, computed),
  column: true,
});
/** A share of something, the more the better. */
const share = (computed: string): Metric => row("0 to 1", "higher", computed);

const FITTED = "a Gaussian of one sigma fitted to the images";
const OWN = "the likelihood that the loss stands for";
const ELBO = "lower bound on log p(x) of an image, under";
const BITS = "that bound in bits per value of 8 bits, under";
const IMPORTANCE = "importance-weighted bound on log p(x) of an image, of --draws draws, under";
const FRECHET = "Fréchet distance of the network's features (not FID)";

/**
 * Every number that is computed of a model, in the order of tables: what validation logs as `val/NAME`, and what
 * `vae evaluate` computes (docs/figures.md). A word in capitals stands for any: `svm_LABEL`. Loss terms are not here, but
 * in their models' definitions.
 */
export const metrics: Readonly<Record<string, Metric>> = {
  objective: column(
    "",
    "lower",
    "weighted sum of the loss terms, weights as at the end of their schedules, without adversarial terms",
  ),
  total: column("", "lower", "weighted sum of the loss terms, weights as they are at the step"),
  elbo: column("nats", "higher", `${ELBO} ${FITTED}`),
  bits_per_dim: column("bits", "lower", `${BITS} ${FITTED}`),
  elbo_trained: row("nats", "higher", `${ELBO} ${OWN}`),
  bits_per_dim_trained: row("bits", "lower", `${BITS} ${OWN}`),
  log_likelihood: row("nats", "higher", `${IMPORTANCE} ${FITTED}`),
  log_likelihood_trained: row("nats", "higher", `${IMPORTANCE} ${OWN}`),
  kl: column("nats", "neither", "KL(q(z | x) || N(0, I)) of an image"),
  kl_per_dim: row("nats", "neither", "the same of each dimension of z"),
  active_units: column(
    "dimensions",
    "higher",
    "dimensions of z whose posterior mean has a variance above 0.01 over the images",
  ),
  perplexity: row("codes", "higher", "e to the entropy of the codes in use, the number of codes at most"),
  codes_used: row("", "higher", "share of the codebook that the images have codes of"),
  prior_bits_per_code: row("bits", "lower", "cross-entropy of codes under the prior that was fitted to them"),
  mse: column("", "lower", "mean squared error of reconstructions per value"),
  psnr: column("dB", "higher", "peak signal-to-noise ratio of reconstructions"),
  ssim: row("at most 1", "higher", "structural similarity of reconstructions"),
  ms_ssim: row("at most 1", "higher", "multi-scale structural similarity of reconstructions"),
  lpips: row("", "lower", "learned perceptual distance of reconstructions"),
  frechet_NETWORK_reconstructions: row("", "lower", `${FRECHET}, of reconstructions to the images`),
  frechet_NETWORK_samples: row("", "lower", `${FRECHET}, of samples to the images`),
  perceptual_NETWORK: row(
    "",
    "lower",
    "distance of reconstructions by the network's features, without trained heads",
  ),
  sharpness_images: row("", "neither", "variance of the images' Laplacian"),
  sharpness_reconstructions: row("", "images", "variance of the reconstructions' Laplacian"),
  sharpness_samples: row("", "images", "variance of the samples' Laplacian"),
  svm: share("accuracy of a linear SVM on z, the mean over labels"),
  svm_LABEL: share("accuracy of a linear SVM on z, of one label"),
  logistic: share("accuracy of a logistic regression on z, the mean over labels"),
  logistic_LABEL: share("accuracy of a logistic regression on z, of one label"),
  mig: share("mutual information gap of the two dimensions of z that tell most of a factor"),
  dci_disentanglement: share("whether a dimension of z matters to one factor, by boosted trees"),
  dci_completeness: share("whether a factor needs one dimension of z, by boosted trees"),
  dci_informativeness: share("accuracy of boosted trees on z, the mean over factors"),
  sap: share("gap of the two dimensions of z that tell a factor best, by linear SVMs"),
  factor_vae: share("how often the dimension of z that varies least tells which factor is fixed"),
  beta_vae: share("how often differences of z tell which factor pairs of images share"),
};

const patterns = Object.entries(metrics).flatMap(([name, metric]) =>
  /[A-Z]/.test(name) ? [[new RegExp(`^${name.replace(/[A-Z]+/, ".+")}$`), metric] as const] : [],
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
