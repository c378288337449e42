/** Which value of a metric is the better one: the lowest or the highest. */
export type Mode = "min" | "max";

/**
 * What validation computes of a model besides its own terms and scalars, as `val/NAME`, and which way it is better. All
 * but `total` and `objective` want a model that logs `mse`, `kl` or a Gaussian posterior.
 */
const VALIDATION: Readonly<Record<string, Mode>> = {
  total: "min",
  objective: "min",
  mse: "min",
  kl: "min",
  elbo: "max",
  bits_per_dim: "min",
  psnr: "max",
  active_units: "max",
};
/** Of what variants log besides, that of which more is better. */
const HIGHER = new Set(["perplexity", "codes_used"]);

/** The metrics of validation that are known before a model is built: those above and its `terms`, with `val/`. */
export const knownMetrics = (terms: readonly string[]): string[] => [
  ...new Set(["objective", "total", ...terms, ...Object.keys(VALIDATION)].map((name) => `val/${name}`)),
];

/** Which value of `val/NAME` is the better one; of a loss, and of what is not known, the lowest. */
export function betterOf(metric: string): Mode {
  const name = metric.replace(/^val\//, "");
  return VALIDATION[name] ?? (HIGHER.has(name) ? "max" : "min");
}
