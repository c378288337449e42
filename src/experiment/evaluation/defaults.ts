/** What is evaluated where nobody says otherwise. */
export const EVALUATION_DEFAULTS = {
  /** Images at most. */
  maxImages: 1000,
  /** K of log_likelihood. */
  draws: 16,
  seed: 0,
  /** Of the Fréchet and the perceptual distance. */
  network: "tiny_vgg",
} as const;
