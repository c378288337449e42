import { type Static, Type } from "typebox";
import type { JsonSchema } from "../../config/describe.ts";
import { DEFAULT_NETWORK } from "../../features/registry.ts";
import { FeatureNetworkSchema } from "../../features/schema.ts";
import { lpipsVariants } from "../../metrics/lpips_files.ts";
import { metricDefinitions } from "../../metrics/registry.ts";
import { oneOf } from "../../one_of.ts";
import { samplers } from "../../samplers/registry.ts";

const closed = { additionalProperties: false } as const;
const folderName = (description: string) =>
  Type.String({
    pattern: "^(?!\\.{1,2}$)[\\w.-]+$",
    patternErrorMessage: "expected a name of letters, digits, _, - and .",
    description,
  });

const runName = Type.String({ pattern: "^(?!\\.{1,2}$)[\\w.-]+$" });

const Lpips = Type.Object(
  {
    variant: oneOf(lpipsVariants, { description: "Which LPIPS." }),
    backbone: Type.String({ description: "Weights of its network: a file, or as feature_network.weights." }),
    heads: Type.String({ description: "Its trained heads: alex.pth, vgg.pth or squeeze.pth of LPIPS v0.1." }),
  },
  { ...closed, description: "Files of the metric lpips." },
);

const Evaluation = Type.Object(
  {
    metrics: Type.Array(oneOf(metricDefinitions.map(({ name }) => name)), {
      minItems: 1,
      description: "What is compared (docs/figures.md); figures in older files.",
    }),
    split: oneOf(["train", "val", "test"], { default: "test", description: "Images evaluated on." }),
    max_images: Type.Integer({ minimum: 2, default: 1000, description: "From all over the split." }),
    draws: Type.Integer({ minimum: 1, default: 16, description: "Draws of z for log_likelihood." }),
    seed: Type.Integer({ minimum: 0, default: 0, description: "Of all draws." }),
    network: Type.Union(
      [...FeatureNetworkSchema.anyOf, Type.Array(Type.Union(FeatureNetworkSchema.anyOf), { minItems: 1 })],
      {
        default: DEFAULT_NETWORK,
        description: "Network by whose features frechet and perceptual judge; a list: each of them does.",
      },
    ),
    samplers: Type.Array(oneOf(samplers.flatMap(({ name, kind }) => (kind === "own" ? [] : [name]))), {
      default: [],
      description:
        "What is fitted to each run's z after training, where it has such: samples of each are compared too (docs/samplers.md).",
    }),
    lpips: Type.Optional(Lpips),
  },
  closed,
);

const ContactSheet = Type.Object(
  {
    images: Type.Union(
      [
        Type.Integer({ minimum: 1, maximum: 64 }),
        Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1, maxItems: 64 }),
      ],
      { default: 10, description: "How many, from all over the split; or a list of their numbers in it." },
    ),
    sample_rows: Type.Integer({ minimum: 0, maximum: 64, default: 2, description: "Rows of samples a run." }),
  },
  { ...closed, default: {}, description: "The pictures, of the first seed's runs." },
);

const RangeValue = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Array(Type.Any())]);

const Ranges = Type.Record(Type.String({ pattern: "^[\\w$.-]+$" }), RangeValue, {
  description:
    "Values of each key, which is dotted as --set takes it: a list, or text such as log(0.5..8)x5, lin(0..1)x5, int(1..4).",
});

const Random = Type.Optional(
  Type.Object(
    {
      runs: Type.Integer({ minimum: 1, description: "How many settings are drawn." }),
      seed: Type.Integer({ minimum: 0, default: 0, description: "Of the draws." }),
    },
    { ...closed, description: "Settings drawn from the ranges; left out: all of a grid." },
  ),
);

const SearchOf = Type.Object(
  {
    metric: Type.String({
      description:
        "Number by which values are chosen, one of those of evaluation.metrics, such as psnr; of images of the val split. With NETWORK in place of a network, by the first of evaluation.network that the run does not learn by.",
    }),
    seed: Type.Integer({ minimum: 0, default: 0, description: "manual_seed of each trial." }),
    steps: Type.Optional(
      Type.Integer({ minimum: 1, description: "Of each trial; default: the experiment's." }),
    ),
    random: Random,
    shared: Type.Optional(Ranges),
    runs: Type.Optional(
      Type.Record(runName, Ranges, { description: "Ranges of a run of its own, beside those of shared." }),
    ),
  },
  {
    ...closed,
    description:
      "Before the seeds: trials of each run with values from ranges, as many for each; the best one's are taken.",
  },
);

const SweepOf = Type.Object(
  {
    ranges: Ranges,
    random: Random,
    metric: Type.Optional(
      Type.String({
        description:
          "Metric of validation that runs are compared by; default: the config's checkpoint.monitor.",
      }),
    ),
    mode: Type.Optional(
      oneOf(["min", "max"], {
        description:
          "Whether the best is the lowest or the highest; default: which is better of that metric.",
      }),
    ),
    halving: Type.Optional(
      Type.Object(
        {
          first: Type.Integer({ minimum: 1, description: "Steps of the first rung, r." }),
          eta: Type.Integer({
            minimum: 2,
            default: 3,
            description: "Rungs are at r eta^k steps; the best 1 / eta of each goes on.",
          }),
        },
        {
          ...closed,
          description: "Successive halving (ASHA, arXiv 1810.05934); left out: all train to the end.",
        },
      ),
    ),
  },
  { ...closed, description: "Runs made from ranges of values, instead of runs that are written out." },
);

/**
 * An experiment file: runs of several configs, written out or made from ranges, over several seeds, and what of them is
 * compared.
 */
const ExperimentSchema = Type.Object(
  {
    name: folderName("Folder of the experiment's runs and results."),
    seeds: Type.Array(Type.Integer({ minimum: 0 }), {
      minItems: 1,
      uniqueItems: true,
      description: "manual_seed of each repetition.",
    }),
    steps: Type.Optional(Type.Integer({ minimum: 1, description: "Training steps of every run." })),
    epochs: Type.Optional(
      Type.Integer({ minimum: 1, description: "Of a sweep without halving, instead of steps." }),
    ),
    shared: Type.Object({}, { default: {}, description: "Part of a config, for every run." }),
    runs: Type.Optional(
      Type.Record(runName, Type.Object({}), {
        description: "Each a config, which may extend a file; its keys stand over those of shared.",
      }),
    ),
    search: Type.Optional(SearchOf),
    sweep: Type.Optional(SweepOf),
    evaluation: Type.Optional(Evaluation),
    contact_sheet: ContactSheet,
  },
  closed,
);
export type SearchFile = Static<typeof SearchOf>;
export type ExperimentFile = Static<typeof ExperimentSchema>;

export const EXPERIMENT_SCHEMA = ExperimentSchema as unknown as JsonSchema;
