import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { didYouMean } from "../text/suggest.ts";
import { describe, type JsonSchema, show } from "./describe.ts";
import type { Path } from "./positions.ts";
import { withRemedy } from "./problems.ts";

/** Where a value breaks its schema. */
export type Violation =
  | { readonly kind: "unknown"; readonly path: Path; readonly known: readonly string[] }
  | { readonly kind: "missing" | "wrong"; readonly path: Path; readonly message: string };

/** All places where `value` breaks `schema`, one for each value or key. */
export function violations(schema: JsonSchema, value: unknown): Violation[] {
  const text = JSON.stringify(schema);
  const check = compiled.get(text) ?? compiler().compile(schema);
  compiled.set(text, check);
  if (check(value)) return [];
  const found = new Map<string, Violation>();
  for (const error of pickBranches(check.errors as Detailed[])) {
    const violation = toViolation(error, value);
    const key = violation.path.join("/");
    if (!found.has(key)) found.set(key, violation);
  }
  return [...found.values()];
}

/** What is wrong with `schema` as a JSON Schema; undefined where nothing is. */
export function schemaFault(schema: JsonSchema): string | undefined {
  try {
    compiler().compile(schema);
    return undefined;
  } catch (error) {
    return (error as Error).message.split(", data/")[0]!.replace("schema is invalid: data/", "");
  }
}

function compiler(): Ajv {
  const ajv = new Ajv({ allErrors: true, strict: true, verbose: true, strictTuples: false, logger: false });
  return ajv.addVocabulary(["patternErrorMessage", "file", "registry"]); // for editors, and our marks
}

/** By the schema's text: many configs are of one model. */
const compiled = new Map<string, ValidateFunction>();

type Detailed = ErrorObject<string, Record<string, unknown>> & { parentSchema: JsonSchema };

/**
 * The branch of a union that a list or a map is of: the only one of its kind, or, of several kinds of maps, that of its
 * `name`.
 */
function branchOf(branches: readonly JsonSchema[], value: unknown): number | undefined {
  const kind = Array.isArray(value) ? "array" : typeof value;
  if (kind !== "object" && kind !== "array") return undefined;
  const fitting = [...branches.keys()].filter((i) => branches[i]!.type === kind);
  const named = fitting.filter((i) => branches[i]!.properties?.name?.const === Object(value).name);
  return fitting.length > 1 ? named[0] : fitting[0];
}

/** Of each union, the errors of the one branch that the value is of, or else a single error for the union. */
function pickBranches(errors: readonly Detailed[]): Detailed[] {
  let left = [...errors];
  const unions = errors.filter((e) => e.keyword === "anyOf");
  for (const union of unions.sort((a, b) => a.schemaPath.length - b.schemaPath.length)) {
    if (!left.includes(union)) continue;
    const inside = (e: Detailed, prefix: string) =>
      e.schemaPath.startsWith(prefix) && `${e.instancePath}/`.startsWith(`${union.instancePath}/`);
    const chosen = branchOf(union.parentSchema.anyOf ?? [], union.data);
    left = left.filter((e) => {
      if (e === union) return chosen === undefined;
      if (!inside(e, `${union.schemaPath}/`)) return true;
      return chosen !== undefined && inside(e, `${union.schemaPath}/${chosen}/`);
    });
  }
  return left;
}

function toViolation(error: Detailed, root: unknown): Violation {
  const path = toPath(error.instancePath, root);
  const schema = error.parentSchema;
  if (error.keyword === "additionalProperties") {
    const known = Object.keys(schema.properties ?? {});
    return { kind: "unknown", path: [...path, String(error.params.additionalProperty)], known };
  }
  if (error.keyword === "required") {
    const key = String(error.params.missingProperty);
    const wanted = schema.properties?.[key];
    return {
      kind: "missing",
      path: [...path, key],
      message: `expected ${wanted ? describe(wanted) : "it"}, got nothing`,
    };
  }
  const fact = `expected ${describe(schema)}, got ${show(error.data)}`;
  return { kind: "wrong", path, message: withRemedy(fact, remedy(schema, error.data)) };
}

const isNamed = (value: unknown): value is { name: unknown } => Object.hasOwn(Object(value), "name");

function remedy(schema: JsonSchema, given: unknown): string {
  const value = schema.anyOf && isNamed(given) ? given.name : given;
  if (typeof value !== "string") return "";
  const branches = schema.anyOf ?? [schema];
  const names = branches.flatMap((s) => s.enum ?? (s.const === undefined ? [] : [s.const])).map(String);
  if (names.length > 0) return didYouMean(value, names);
  const types = branches.map((s) => s.type);
  if (/^[[{]/.test(value) && (types.includes("array") || types.includes("object")))
    return ` It can't be read: is a bracket or a quote not closed, or a number beyond ±${Number.MAX_SAFE_INTEGER}?`;
  if (types.includes("boolean") && /^(yes|on)$/i.test(value)) return " Write true.";
  if (types.includes("boolean") && /^(no|off)$/i.test(value)) return " Write false.";
  if (/^(None|nil|nan|undefined)$/i.test(value)) return " Leave the key out.";
  const items = /^\(?((?:[\d.e+-]+,\s*)+[\d.e+-]+),?\)?$/i.exec(value)?.[1];
  if (items !== undefined && types.includes("array")) return ` Write [${items}].`;
  const numeric = types.includes("number") || types.includes("integer");
  if (!numeric || value.trim() === "") return "";
  const number = Number(value);
  if (Number.isInteger(number) && !Number.isSafeInteger(number))
    return ` Numbers are within ±${Number.MAX_SAFE_INTEGER}.`;
  if (Number.isFinite(number)) return " Remove the quotes.";
  const bare = value
    .replaceAll("_", "")
    .replace(/[,;]$/, "")
    .replace(/^(-?\d+),(\d+)$/, "$1.$2");
  return bare !== value && Number.isFinite(Number(bare)) ? ` Write ${bare}.` : "";
}

/** A JSON pointer as a path: numbers for indices of lists. */
function toPath(pointer: string, root: unknown): Path {
  let value = root;
  return pointer
    .split("/")
    .slice(1)
    .map((part) => {
      const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
      const index = Array.isArray(value);
      value = (value as Record<string, unknown>)[key];
      return index ? Number(key) : key;
    });
}
