import { ConfigError } from "../errors.ts";
import type { Located, Place } from "./located.ts";

/** What messages say in the place of a file's name and line, of a config that a program gives. */
export const OBJECT = "config";

/**
 * A config that a program gives, as if it stood in a file of `dir`; what is undefined is left out.
 *
 * @throws ConfigError for a value that no YAML file could hold
 */
export function locateObject(value: unknown, dir: string): Located {
  return located(value, { source: OBJECT, dir }, []);
}

function located(value: unknown, place: Place, path: readonly (string | number)[]): Located {
  if (value === null || typeof value === "string" || typeof value === "boolean") return { value, place };
  if (typeof value === "number" && Number.isFinite(value)) return { value, place, text: String(value) };
  if (Array.isArray(value))
    return { value: value.map((item, i) => located(item, place, [...path, i])), place };
  if (isPlain(value)) {
    const given = Object.entries(value).filter(([, item]) => item !== undefined);
    const entries = given.map(([key, item]): [string, Located] => [
      key,
      { ...located(item, place, [...path, key]), keyPlace: place },
    ]);
    return { value: new Map(entries), place };
  }
  const at = path.length === 0 ? "" : ` ${path.join(".")}`;
  throw new ConfigError(
    `${OBJECT}${at}: expected what a YAML file can hold (text, a finite number, true, false, null, a list or a map), ` +
      `got ${kindOf(value)}.`,
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

const kindOf = (value: unknown): string =>
  typeof value === "object" ? `a ${value!.constructor.name}` : `${typeof value} ${String(value)}`;
