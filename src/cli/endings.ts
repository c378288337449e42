import { extname } from "node:path";
import { ConfigError } from "../errors.ts";

/**
 * Of a file to write: its ending, in lower case, which says what is in it.
 *
 * @throws ConfigError where it is none of `endings`
 */
export function endingOf(option: string, file: string, endings: readonly string[]): string {
  const ending = extname(file).toLowerCase();
  if (endings.includes(ending)) return ending;
  throw new ConfigError(`${option}: expected a file that ends in ${endings.join(" or ")}, got "${file}".`);
}
