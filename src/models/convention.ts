/** How likelihoods are scaled; conventions of the loss, see docs/losses.md. */
export type Convention = "elbo" | "pixel_mean";

/** The keys of `exp_params` that say it. */
export interface ConventionKeys {
  readonly reconstruction?: Convention | undefined;
  readonly kld_weight?: number | undefined;
}

/** PyTorch-VAE's kld_weight in all its configs: what pixel_mean means where none is given. */
const KLD_WEIGHT = 0.00025;

/** The convention of a config: what it says, else `pixel_mean` where it has a kld_weight, else `elbo`. */
export function conventionOf({ reconstruction, kld_weight }: ConventionKeys): Convention {
  return reconstruction ?? (kld_weight === undefined ? "elbo" : "pixel_mean");
}

/** What a nat weighs beside the reconstruction: kld_weight under `pixel_mean`, else 1. */
export function natWeightOf(keys: ConventionKeys): number {
  return conventionOf(keys) === "pixel_mean" ? (keys.kld_weight ?? KLD_WEIGHT) : 1;
}
