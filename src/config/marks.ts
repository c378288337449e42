import type { JsonSchema } from "./describe.ts";
import type { Path } from "./positions.ts";

/** A text of a config, and where in it. */
export interface Text {
  readonly path: Path;
  readonly text: string;
}

/**
 * The texts in `value` whose schema is marked: `file`, they name a file or folder (where it is a pattern, those that fit
 * it); `registry`, they name what stands in it. So a key says what it is where it is declared, and nothing lists keys.
 */
export function textsOf(
  schema: JsonSchema,
  value: unknown,
  isMarked: (schema: JsonSchema, text: string) => boolean,
  path: Path = [],
): Text[] {
  const inside = (child: JsonSchema | undefined, key: string | number, item: unknown) =>
    child ? textsOf(child, item, isMarked, [...path, key]) : [];
  const branches = schema.anyOf ?? [schema];
  if (typeof value === "string")
    return branches.some((branch) => isMarked(branch, value)) ? [{ path, text: value }] : [];
  return branches.flatMap(({ items, properties, patternProperties }) => {
    if (Array.isArray(value)) return value.flatMap((item, i) => inside(items, i, item));
    const each = Object.values(patternProperties ?? {})[0];
    return Object.entries(value ?? {}).flatMap(([key, item]) => inside(properties?.[key] ?? each, key, item));
  });
}

/** Whether a text of that schema names a file or folder. */
export const namesFile = ({ file }: JsonSchema, text: string): boolean =>
  file === true || (typeof file === "string" && new RegExp(file, "i").test(text));
