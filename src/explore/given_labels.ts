import { ConfigError } from "../errors.ts";
import { labelsForSamples } from "../models/blocks/condition.ts";
import type { VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { didYouMean } from "../text/suggest.ts";
import { type Images, repeated } from "./images.ts";

/** Values of `--label NAME=VALUE` by column. @throws ConfigError for a label that the model doesn't take */
export function givenLabels(vae: VAE, given: readonly string[] = []): Map<number, number> {
  if (given.length === 0) return new Map();
  const needs = vae.labels;
  if (needs === undefined)
    throw new ConfigError(
      "--label: expected a model that is conditioned on labels, got another. Leave it out.",
    );
  const names = needs.used.map((column) => needs.all[column]!.name);
  return new Map(
    given.map((text) => {
      const equals = text.indexOf("=");
      const [name, value] = equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
      const column = needs.used[names.indexOf(name)];
      if (column === undefined)
        throw new ConfigError(
          `--label: expected NAME=VALUE of one of ${names.join(", ")}, got "${text}".${didYouMean(name, names)}`,
        );
      const { values, valueNames = [] } = needs.all[column]!;
      const n = valueNames.includes(value) ? valueNames.indexOf(value) : Number(value);
      const fits = value.trim() !== "" && Number.isFinite(n);
      if (!fits || (values !== undefined && !(Number.isInteger(n) && n >= 0 && n < values))) {
        const range = values === undefined ? "a number" : `0 to ${values - 1}`;
        const named = valueNames.length > 0 ? `, or one of ${valueNames.join(", ")}` : "";
        throw new ConfigError(
          `--label: expected ${name} to be ${range}${named}, got "${value}".${didYouMean(value, valueNames)}`,
        );
      }
      return [column, n];
    }),
  );
}

/** Images of files with the labels given. @throws ConfigError where one that the model takes is missing */
export function withLabels<T extends Images>(images: T, vae: VAE, given: readonly string[] = []): T {
  const values = givenLabels(vae, given);
  if (vae.labels === undefined) return images;
  const { all, used } = vae.labels;
  const missing = used.filter((column) => !values.has(column)).map((column) => all[column]!.name);
  if (missing.length > 0)
    throw new ConfigError(
      `--label: expected a value of ${missing.join(", ")} for images of files, which have no labels, got none. Say ` +
        missing.map((name) => `--label ${name}=0`).join(" "),
    );
  const row = Float32Array.from(all, (_, column) => values.get(column) ?? 0);
  return { ...images, labels: repeated(row, images.shape[0]) };
}

/** Labels of `count` samples drawn by `rng`: those given, the others as they go with them; undefined: as the model does. */
export function sampleLabels(vae: VAE, count: number, rng: Rng, given: ReadonlyMap<number, number>) {
  if (vae.labels === undefined || given.size === 0) return undefined;
  return labelsForSamples(vae.labels, count, rng, given);
}

/** Packed [N, width], with the columns given set; a copy. */
export function setLabels(
  labels: Float32Array,
  width: number,
  given: ReadonlyMap<number, number>,
): Float32Array {
  return labels.map((value, i) => given.get(i % width) ?? value);
}
