import type { TObject } from "typebox";
import { composeSchema, DEFAULT_DATASET, namedSection, type Section } from "./compose.ts";
import { isObject } from "./defaults.ts";
import type { JsonSchema } from "./describe.ts";
import type { Registries, Registry } from "./registries.ts";

interface Definition {
  readonly name: string;
  readonly summary: string;
  readonly params: TObject;
  readonly aliases?: Readonly<Record<string, string>>;
}
type Schema = Record<string, unknown>;

/**
 * JSON Schema (draft-07, which YAML editors read best) of every config: the keys of `model_params` and
 * `data_params` follow from their `name`. Keys with defaults are optional. A file that `extends` another may
 * leave anything out; one with `plugins` may name any model.
 */
export function editorSchema({ models, datasets }: Registries): Schema {
  const { properties } = composeSchema();
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    description: "A config of tfjs-vae.",
    type: "object",
    additionalProperties: false,
    properties: {
      ...properties,
      extends: {
        anyOf: [{ type: "string" }, { type: "array", items: { type: "string" } }],
        description: "A config, or a list of them, that this one changes; relative to this file.",
      },
      model_params: nameable("The model and its parameters.", models),
      data_params: nameable(`The data set; without a name ${DEFAULT_DATASET}.`, datasets),
    },
    anyOf: [{ required: ["model_params"] }, { required: ["extends"] }],
    allOf: [
      ...conditions("model_params", models),
      ...conditions("data_params", datasets),
      complete(models, datasets),
    ],
  };
  return withoutDefaultsRequired(JSON.parse(JSON.stringify(schema))) as Schema;
}

/** Name -> keys; and of a section whose name stands elsewhere, the keys of all. */
function conditions<T extends Definition>(section: Section, registry: Registry<T>): Schema[] {
  const all = registry.names().flatMap((name) => registry.get(name) ?? []);
  const keys = all.flatMap((d) => [
    ...Object.keys(namedSection(section, d).properties ?? {}),
    ...Object.keys(d.aliases ?? {}),
  ]);
  const inSection = (inner: Schema): Schema => ({ properties: { [section]: inner } });
  return [
    ...all.map((d) => ({
      if: {
        ...inSection({ required: ["name"], properties: { name: { const: d.name } } }),
        required: [section],
      },
      // biome-ignore lint/suspicious/noThenProperty: the word of JSON Schema
      then: inSection(withAliases(namedSection(section, d, { const: d.name, description: d.summary }), d)),
    })),
    {
      if: { ...inSection({ not: { required: ["name"] } }), required: [section] },
      // biome-ignore lint/suspicious/noThenProperty: the word of JSON Schema
      then: inSection({ propertyNames: { enum: [...new Set(keys)] } }),
    },
  ];
}

/** A section that takes PyTorch-VAE's names too. */
function withAliases(schema: JsonSchema, { aliases = {} }: Definition): Schema {
  const added = Object.entries(aliases).map(([theirs, ours]) => {
    const { default: _, ...own } = schema.properties?.[ours] ?? {};
    return [theirs, { ...own, description: `PyTorch-VAE's name of ${ours}. ${own.description}` }] as const;
  });
  return { ...schema, properties: { ...schema.properties, ...Object.fromEntries(added) } };
}

/** What a file without `extends` and `plugins` must have besides. */
function complete(models: Registry<Definition>, datasets: Registry<Definition>): Schema {
  const named = (names: readonly string[]) => ({ properties: { name: { enum: names } } });
  const fallback = datasets.get(DEFAULT_DATASET);
  return {
    if: { not: { anyOf: [{ required: ["extends"] }, { required: ["plugins"] }] } },
    // biome-ignore lint/suspicious/noThenProperty: the word of JSON Schema
    then: {
      properties: {
        model_params: { required: ["name"], ...named(models.names()) },
        data_params: {
          ...named(datasets.names()),
          if: { not: { required: ["name"] } },
          // biome-ignore lint/suspicious/noThenProperty: the word of JSON Schema
          then: namedSection("data_params", fallback),
        },
      },
    },
  };
}

function nameable(description: string, registry: Registry<Definition>): Schema {
  const list = registry.names().map((name) => `${name}: ${registry.get(name)?.summary}`);
  return {
    type: "object",
    description,
    properties: { name: { type: "string", description: list.join("\n") } },
  };
}

/** Drops from each `required` the keys that have a default. */
function withoutDefaultsRequired(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutDefaultsRequired);
  if (!isObject(node)) return node;
  const own = Object.fromEntries(Object.entries(node).map(([key, v]) => [key, withoutDefaultsRequired(v)]));
  const { required, properties } = node as JsonSchema;
  if (!Array.isArray(required) || !properties) return own;
  const left = required.filter((key: string) => properties[key]?.default === undefined);
  if (left.length > 0) return { ...own, required: left };
  delete own.required;
  return own;
}
