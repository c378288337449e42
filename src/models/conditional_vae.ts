import { Type } from "typebox";
import { ConfigError, DataError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";
import { conditionWidth, labelsForSamples, labelTensor, planeConditioning } from "./blocks/condition.ts";
import { LikelihoodOptions, reconstructionDoc, reconstructionTerm } from "./blocks/likelihood.ts";
import { ConvOptions } from "./blocks/options.ts";
import { completeConvVAE } from "./conv_vae.ts";
import { defineModel } from "./define.ts";
import { checkGaussianVAE, onePhaseGaussianVAE } from "./gaussian.ts";
import { klToUnitGaussian } from "./losses/kl.ts";
import type { Label, LabelNeeds } from "./vae.ts";

const Params = Type.Object({
  ...ConvOptions,
  ...LikelihoodOptions,
  labels: Type.Optional(
    Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      description: "Names of the labels that condition; default: all of the data set's.",
    }),
  ),
  num_classes: Type.Optional(
    Type.Integer({
      minimum: 1,
      description:
        "Numbers that the labels make, checked against the data: one for each value of a label, one alone where it has two values or is no class. Default: as many as they make.",
    }),
  ),
});

/**
 * The conditional VAE (Sohn et al. 2015): p(x | z, y) and q(z | x, y) of labels y, the prior N(0, I) relaxed to be
 * independent of them, on PyTorch-VAE's architecture.
 */
export default defineModel({
  name: "ConditionalVAE",
  summary: "The conditional VAE: encoder and decoder know the labels, which samples are then drawn for.",
  paper: {
    title: "Learning Structured Output Representation using Deep Conditional Generative Models",
    url: "https://proceedings.neurips.cc/paper/2015/hash/8d55a249e6baa5c06772297520da2051-Abstract.html",
  },
  params: Params,
  knownAs: ["CVAE"],
  pytorchVae: {
    values: { output: "pytorch_vae" },
  },
  needsLabels: true,
  complete: completeConvVAE,
  check: checkGaussianVAE,
  terms: (_, convention) => ({
    reconstruction: { doc: reconstructionDoc(convention).replace("x | z", "x | z, y"), weight: 1 },
    kl: { doc: "KL(q(z | x, y) || N(0, I)), nats per image", weight: 1, timesKldWeight: true },
  }),
  async build(args) {
    const o = args.params;
    const columns = labelColumns(await args.labels(), o.labels, o.num_classes);
    const labels = { ...columns, draw: await args.drawLabels() };
    const vae = onePhaseGaussianVAE(
      args,
      (pass, { images }) => ({
        terms: {
          reconstruction: reconstructionTerm(images, pass, args.convention, o),
          kl: klToUnitGaussian(pass.mean, pass.logVar),
        },
      }),
      { condition: (scope) => planeConditioning(scope, labels, args.imageShape) },
    );
    return {
      ...vae,
      labels,
      sample(count, ctx) {
        const own = ctx.labels ?? labelTensor(labelsForSamples(labels, count, ctx.rng), count);
        return vae.sample!(count, { ...ctx, labels: own });
      },
    };
  },
});

/** @throws DataError where there are no labels, ConfigError where they are not those that the config says */
function labelColumns(
  all: readonly Label[],
  wanted: readonly string[] | undefined,
  width: number | undefined,
): Pick<LabelNeeds, "all" | "used"> {
  if (all.length === 0)
    throw new DataError(
      "data_params.name: expected data with labels for ConditionalVAE, got none. Take others.",
    );
  const names = all.map(({ name }) => name);
  const used = (wanted ?? names).map((name, i) => {
    const column = names.indexOf(name);
    if (column >= 0) return column;
    throw new ConfigError(
      `model_params.labels[${i}]: expected one of ${names.join(", ")}, got "${name}".${didYouMean(name, names)}`,
    );
  });
  const needs = { all, used };
  const made = conditionWidth(needs);
  if (width === undefined || width === made) return needs;
  throw new ConfigError(
    `model_params.num_classes: expected ${made}, the numbers that the labels ${used.map((c) => names[c]).join(", ")} ` +
      `make, got ${width}. Leave it out, or choose labels: model_params.labels`,
  );
}
