import { type Static, Type } from "typebox";
import type { JsonSchema } from "../../config/describe.ts";
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
    network: FeatureNetworkSchema,
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

/** An experiment file: runs of several configs over several seeds, and what of them is compared. */
const ExperimentSchema = Type.Object(
  {
    name: folderName("Folder of the experiment's runs and results."),
    seeds: Type.Array(Type.Integer({ minimum: 0 }), {
      minItems: 1,
      uniqueItems: true,
      description: "manual_seed of each repetition.",
    }),
    steps: Type.Integer({ minimum: 1, description: "Training steps of every run." }),
    shared: Type.Object({}, { default: {}, description: "Part of a config, for every run." }),
    runs: Type.Record(Type.String({ pattern: "^(?!\\.{1,2}$)[\\w.-]+$" }), Type.Object({}), {
      description: "Each a config, which may extend a file; its keys stand over those of shared.",
    }),
    evaluation: Evaluation,
    contact_sheet: ContactSheet,
  },
  closed,
);
export type ExperimentFile = Static<typeof ExperimentSchema>;

export const EXPERIMENT_SCHEMA = ExperimentSchema as unknown as JsonSchema;
