import { statSync } from "node:fs";
import { extname } from "node:path";
import { ConfigError } from "../errors.ts";

/** That of `endings` which a file's name has, in any case; undefined where it has none of them. */
export const knownEnding = (file: string, endings: readonly string[]): string | undefined =>
  endings.find((ending) => ending === extname(file).toLowerCase());

/**
 * Of a file to write: its ending, in lower case, which says what is in it; of a pipe or a device, which only pass on, the
 * first of `endings`.
 *
 * @throws ConfigError where it is none of `endings`
 */
export function endingOf(option: string, file: string, endings: readonly string[]): string {
  const ending = knownEnding(file, endings);
  if (ending !== undefined) return ending;
  const found = statSync(file, { throwIfNoEntry: false });
  if (found !== undefined && !found.isFile() && !found.isDirectory()) return endings[0]!;
  throw new ConfigError(`${option}: expected a file that ends in ${endings.join(" or ")}, got "${file}".`);
}
