import { ConfigError } from "../errors.ts";

/** `value`, where it is an integer from `least` on. @throws ConfigError for others, which types can't tell */
export function wholeNumber(what: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new ConfigError(`${what}: expected an integer ≥ ${least}, got ${value}.`);
}

/** `value`, where it is a finite number from `least` on. @throws ConfigError for others */
export function numberFrom(what: string, value: number, least = -Infinity): number {
  if (Number.isFinite(value) && value >= least) return value;
  throw new ConfigError(
    `${what}: expected a ${least === -Infinity ? "finite number" : `number ≥ ${least}`}, got ${value}.`,
  );
}
