import type { TObject } from "typebox";
import { DataCommon } from "../data/common.ts";
import type { DatasetDefinition } from "../data/define.ts";
import type { ModelDefinition } from "../models/define.ts";
import type { JsonSchema } from "./describe.ts";
import { ExpParams, LoggingParams, Plugins, TrainerParams } from "./schema.ts";

export const SECTIONS = [
  "model_params",
  "data_params",
  "exp_params",
  "trainer_params",
  "logging_params",
] as const;
export type Section = (typeof SECTIONS)[number];

/** The data set where `data_params.name` is missing: PyTorch-VAE's configs read a folder of images. */
export const DEFAULT_DATASET = "image_folder";

/** Where the model needs labels: those of the same images. */
const DEFAULT_LABELLED = "celeba";

/** The data set of a model's config that names none. */
export const defaultDataset = (model?: ModelDefinition): string =>
  model?.dataset ?? (model?.needsLabels ? DEFAULT_LABELLED : DEFAULT_DATASET);

type Properties = Readonly<Record<string, JsonSchema>>;

/** The keys that a section takes by itself, those of one model or data set left out. */
export function sharedProperties(section: Section): Properties {
  const shared = {
    model_params: {},
    data_params: DataCommon.properties,
    exp_params: ExpParams.properties,
    trainer_params: TrainerParams.properties,
    logging_params: LoggingParams.properties,
  };
  return shared[section] as unknown as Properties;
}

/** The keys that a model or data set gives its section. */
export function ownProperties(definition: { readonly params: TObject } | undefined): Properties {
  return (definition?.params.properties ?? {}) as unknown as Properties;
}

/**
 * JSON Schema of a whole config of that model and data set. A section without its definition (the name is
 * wrong) takes anything, so that the rest can still be checked.
 */
export function composeSchema(model?: ModelDefinition, dataset?: DatasetDefinition): JsonSchema {
  const shared = { exp_params: ExpParams, trainer_params: TrainerParams, logging_params: LoggingParams };
  return {
    type: "object",
    properties: {
      $schema: { type: "string" },
      plugins: Plugins as unknown as JsonSchema,
      model_params: namedSection("model_params", model),
      data_params: namedSection("data_params", dataset),
      ...mapValues(shared, (schema) => ({ ...(schema as unknown as JsonSchema), default: {} })),
    },
    additionalProperties: false,
  };
}

/** The section that a model's or data set's name opens: the shared keys and its own. */
export function namedSection(
  section: Section,
  definition: { readonly params: TObject } | undefined,
  name: JsonSchema = { type: "string" },
): JsonSchema {
  if (!definition) return { type: "object" };
  const properties: Properties = { name, ...sharedProperties(section), ...ownProperties(definition) };
  const given = [...((definition.params.required as string[] | undefined) ?? [])];
  const required = given.filter((key) => properties[key]?.default === undefined);
  return { type: "object", required, properties, additionalProperties: false };
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
