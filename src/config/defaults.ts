import type { JsonSchema } from "./describe.ts";

/**
 * `value` with the schema's defaults where keys are missing, all the way down. (ajv's `useDefaults` leaves out
 * what stands in a union: `{value: 1}` of a loss weight.)
 */
export function withDefaults(schema: JsonSchema, value: unknown): unknown {
  if (schema.anyOf) {
    const branch = isObject(value) ? schema.anyOf.find((s) => s.type === "object") : undefined;
    return branch ? withDefaults(branch, value) : value;
  }
  if (!isObject(value)) return value;
  const filled: Record<string, unknown> = { ...value };
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const given = Object.hasOwn(filled, key);
    if (!given && child.default === undefined) continue;
    filled[key] = withDefaults(child, given ? filled[key] : structuredClone(child.default));
  }
  const each = Object.values(schema.patternProperties ?? {})[0];
  if (each) for (const key of Object.keys(value)) filled[key] = withDefaults(each, filled[key]);
  return filled;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
