import type { PosteriorNumbers } from "../../metrics/define.ts";
import type { EvaluationContext } from "./context.ts";
import { importancePass } from "./importance_pass.ts";
import { posteriorSums } from "./posterior_pass.ts";
import { lossLikelihood } from "./trained_likelihood.ts";

/** What metrics of the posterior are computed from. */
export async function posteriorNumbers(context: EvaluationContext): Promise<PosteriorNumbers> {
  const { means, dims, widths, mse, kl, klPerDimension, trainedLogDensity } = await posteriorSums(context);
  const found = lossLikelihood(context.run);
  return {
    imageDims: context.dims,
    means,
    dims,
    widths,
    mse,
    kl,
    klPerDimension,
    trained: typeof found === "object" ? { likelihood: found, logDensity: trainedLogDensity! } : found,
    importanceBounds: (likelihoods) => importancePass(context, likelihoods),
    leaveOut(number, why) {
      context.leftOut[number] = why;
    },
  };
}
