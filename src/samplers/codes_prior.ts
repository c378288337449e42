import type { OwnPrior } from "./define.ts";

/** The causal prior over codes that a model has (`VAE.fitPrior`), fitted to more images than validation takes. */
export default {
  kind: "refit",
  name: "codes",
  knownAs: ["code_prior"],
  summary: "the causal prior of a model whose z are codes, fitted to more images than training does",
} satisfies OwnPrior;
