import type { PosteriorMetric } from "./define.ts";

/** KL(q(z | x) || N(0, I)), of categorical variables to the uniform distribution; in all and of each dimension. */
export const klMetric: PosteriorMetric = {
  kind: "posterior",
  name: "kl",
  numbers: {
    kl: { unit: "nats", better: "neither", computed: "KL(q(z | x) || N(0, I)) of an image", column: true },
    kl_per_dim: {
      unit: "nats",
      better: "neither",
      computed: "KL(q(z | x) || N(0, 1)) of each dimension of z",
    },
  },
  compute: ({ klPerDimension }) => ({
    kl: klPerDimension.reduce((a, b) => a + b),
    kl_per_dim: [...klPerDimension],
  }),
};
