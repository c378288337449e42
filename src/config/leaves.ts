import type { Config } from "./schema.ts";

export type Leaf = number | boolean | string;

/** The sections that shape training. */
const SECTIONS = ["model_params", "data_params", "exp_params", "trainer_params"] as const;

/** Every value that shapes training, by its dotted key, in the config's order; lists as JSON, keys without a value not. */
export function leaves(config: Config): Map<string, Leaf> {
  const found = new Map<string, Leaf>();
  const visit = (key: string, value: unknown): void => {
    if (typeof value === "number" || typeof value === "boolean" || typeof value === "string") {
      found.set(key, value);
    } else if (Array.isArray(value)) found.set(key, JSON.stringify(value));
    else for (const [name, child] of Object.entries(value ?? {})) visit(`${key}.${name}`, child);
  };
  for (const section of SECTIONS) visit(section, config[section]);
  return found;
}

/** Whether a leaf's key is one of `keys`, or lies in what one of them names. */
export const isUnder = (key: string, keys: Iterable<string>): boolean =>
  [...keys].some((k) => key === k || key.startsWith(`${k}.`));
