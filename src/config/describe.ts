/** What of a JSON Schema the descriptions read. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly patternErrorMessage?: string;
  readonly description?: string;
  /** A mark of ours, see `marks.ts`: the text names a file or folder; a pattern: where it fits. */
  readonly file?: true | string;
  /** A mark of ours: the text names what is registered there. */
  readonly registry?: "networks";
  readonly default?: unknown;
}

/** `an integer ≥ 1`, `one of adam, adamw, sgd`, `a number or {value, warmup_steps}`: what the schema takes. */
export function describe(schema: JsonSchema): string {
  if (schema.anyOf) return alternatives(schema.anyOf.map(describe));
  if (schema.const !== undefined) return plain(schema.const);
  if (schema.enum)
    return schema.enum.length === 1 ? plain(schema.enum[0]) : `one of ${schema.enum.map(plain).join(", ")}`;
  switch (schema.type) {
    case "integer":
      return `an integer${range(schema)}`;
    case "number":
      return `a number${range(schema)}`;
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "string":
      if (schema.patternErrorMessage) return schema.patternErrorMessage.replace(/^expected /, "");
      return schema.pattern ? `text that matches ${schema.pattern}` : "text";
    case "array":
      return list(schema);
    case "object":
      return schema.properties ? `{${Object.keys(schema.properties).join(", ")}}` : "a map";
    default:
      return Array.isArray(schema.type)
        ? alternatives(schema.type.map((type) => describe({ type })))
        : "another value";
  }
}

/** `"abc"`, `[1, 2]`, `a list of 40`, `nothing`: a value as an error shows it. */
export function show(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value) && value.length === 0) return "an empty list";
  const json = JSON.stringify(value) ?? String(value);
  const text = typeof value === "string" ? json : json.replaceAll(",", ", ").replaceAll('":', '": ');
  if (text.length <= 60)
    return Object.keys(Object(value)).length === 0 && text === "{}" ? "an empty map" : text;
  if (typeof value === "string") return `${text.slice(0, 56)}…"`;
  return Array.isArray(value) ? `a list of ${value.length}` : "a map";
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const low =
    exclusiveMinimum !== undefined ? `> ${exclusiveMinimum}` : minimum !== undefined ? `≥ ${minimum}` : "";
  const capped = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const high =
    exclusiveMaximum !== undefined ? `< ${exclusiveMaximum}` : capped !== undefined ? `≤ ${capped}` : "";
  return low && high ? ` ${low} and ${high}` : low || high ? ` ${low}${high}` : "";
}

function list({ items, minItems, maxItems }: JsonSchema): string {
  const each = items ? `, each ${describe(items)}` : "";
  if (minItems !== undefined && minItems === maxItems) return `a list of ${minItems}${each}`;
  if (minItems !== undefined && maxItems !== undefined) return `a list of ${minItems} to ${maxItems}${each}`;
  if (minItems !== undefined) return `a list of at least ${minItems}${each}`;
  return maxItems === undefined ? `a list${each}` : `a list of at most ${maxItems}${each}`;
}

function alternatives(parts: readonly string[]): string {
  const each = [...new Set(parts)];
  return each.length < 3 ? each.join(" or ") : `${each.slice(0, -1).join(", ")} or ${each.at(-1)}`;
}

const plain = (value: unknown) => (typeof value === "string" && value !== "" ? value : JSON.stringify(value));
