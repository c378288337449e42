import type { OwnPrior } from "./define.ts";

/** What the model draws from without any fit: N(0, I) of z where posteriors are Gaussian. */
export default {
  kind: "own",
  name: "prior",
  summary: "the model's own prior, N(0, I) of most; needs no fit",
} satisfies OwnPrior;
