import { show } from "../config/describe.ts";
import { ConfigError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";

/** What a value may be that a program gives: types say so too, but JavaScript, casts and parsed JSON ask none. */
export interface Check {
  /** Half a sentence: `an integer ≥ 1`. */
  readonly expected: string;
  fits(value: unknown): boolean;
}

/** `value`, where it fits. @throws ConfigError for another */
export function checked<T>(what: string, value: T, { expected, fits }: Check): T {
  if (fits(value)) return value;
  throw new ConfigError(`${what}: expected ${expected}, got ${kindOf(value)}.`);
}

/**
 * The options of a call, each of which may be left out.
 *
 * @throws ConfigError where they are none, one has another value, or a name that there is not
 */
export function checkedOptions<T extends object>(
  call: string,
  options: T | undefined,
  checks: { readonly [K in keyof Required<T>]: Check },
): T {
  checked(`${call}: options`, options, { ...object, fits: (value) => value === undefined || isMap(value) });
  for (const [name, value] of Object.entries(options ?? {})) {
    const check = (checks as Readonly<Record<string, Check>>)[name];
    if (check === undefined) {
      const names = Object.keys(checks);
      throw new ConfigError(
        `${call}: ${name}: unknown option. Expected one of ${names.join(", ")}.${didYouMean(name, names)}`,
      );
    }
    if (value !== undefined) checked(`${call}: ${name}`, value, check);
  }
  return options ?? ({} as T);
}

export const integer = (least: number): Check => ({
  expected: `an integer ≥ ${least}`,
  fits: (value) => Number.isSafeInteger(value) && (value as number) >= least,
});

export const number = (least = -Infinity): Check => ({
  expected: least === -Infinity ? "a finite number" : `a number ≥ ${least}`,
  fits: (value) => Number.isFinite(value) && (value as number) >= least,
});

export const text: Check = { expected: "text", fits: (value) => typeof value === "string" && value !== "" };
export const flag: Check = { expected: "true or false", fits: (value) => typeof value === "boolean" };
export const callable: Check = { expected: "a function", fits: (value) => typeof value === "function" };
export const object: Check = { expected: "an object", fits: isMap };

export const oneOf = (...values: readonly unknown[]): Check => ({
  expected: `one of ${values.join(", ")}`,
  fits: (value) => values.includes(value),
});

export const listOf = (each: Check, length?: number): Check => ({
  expected: `a list${length === undefined ? "" : ` of ${length}`}, each ${each.expected}`,
  fits: (value) =>
    Array.isArray(value) && value.length === (length ?? value.length) && value.every(each.fits),
});

/** An object with these values under any names; undefined counts as left out. */
export const mapOf = (each: Check): Check => ({
  expected: `an object, each value ${each.expected}`,
  fits: (value) =>
    isMap(value) && Object.values(value as object).every((one) => one === undefined || each.fits(one)),
});

export const instanceOf = (kind: { readonly name: string; new (): unknown }): Check => ({
  expected: `an ${kind.name}`,
  fits: (value) => value instanceof kind,
});

export const either = (...checks: readonly Check[]): Check => ({
  expected: checks.map(({ expected }) => expected).join(" or "),
  fits: (value) => checks.some((check) => check.fits(value)),
});

function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value as a sentence shows it; of what JSON doesn't show its class. */
function kindOf(value: unknown): string {
  if (typeof value === "function") return "a function";
  if (typeof value === "number" || typeof value === "bigint") return String(value); // JSON has no NaN
  const { constructor: { name } = Object } = Object(value) as object;
  const isPlain = typeof value !== "object" || value === null || ["Object", "Array"].includes(name);
  try {
    return isPlain ? show(value) : `one of ${name}`;
  } catch {
    return "an object that holds itself";
  }
}
