import type { JsonSchema } from "./describe.ts";
import { isMap, type Located } from "./located.ts";

/**
 * `root` with the text that was written in place of what YAML reads in it: of a number or boolean where `schema` takes
 * nothing but text (`name: 001`), of a list or map, in `--set`, where it takes text and none of these
 * (`data_params.pattern={jpg,png}`).
 */
export function withTexts(root: Located, schema: JsonSchema | undefined): Located {
  if (schema === undefined) return root;
  const branches = schema.anyOf ?? [schema];
  if (root.text !== undefined && takesText(branches, kindOf(root))) return { ...root, value: root.text };
  if (isMap(root)) {
    const entries = [...root.value].map(
      ([key, child]) => [key, withTexts(child, keyOf(branches, key))] as const,
    );
    return { ...root, value: new Map(entries) };
  }
  if (Array.isArray(root.value)) {
    const items = branches.find((s) => s.items)?.items;
    return { ...root, value: root.value.map((child: Located) => withTexts(child, items)) };
  }
  return root;
}

function takesText(branches: readonly JsonSchema[], kind: string): boolean {
  const isText = (s: JsonSchema) => s.type === "string" || typeof s.const === "string";
  if (branches.every(isText)) return true;
  const collection = kind === "array" || kind === "object";
  return collection && branches.some(isText) && !branches.some((s) => s.type === kind);
}

function kindOf({ value }: Located): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

/** The schema of a key in whichever branch has it. */
function keyOf(branches: readonly JsonSchema[], key: string): JsonSchema | undefined {
  for (const { properties, patternProperties } of branches) {
    const own = properties && Object.hasOwn(properties, key) ? properties[key] : undefined;
    const found = own ?? Object.values(patternProperties ?? {})[0];
    if (found !== undefined) return found;
  }
  return undefined;
}
