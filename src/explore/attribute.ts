import type { Dataset } from "../data/dataset.ts";
import { ConfigError, DataError } from "../errors.ts";
import type { VAE } from "../models/vae.ts";
import type { Rng } from "../rng.ts";
import { didYouMean } from "../text/suggest.ts";
import { concatImages, type Images, repeated, slice } from "./images.ts";
import { decodeVectors, encodeImages } from "./latents.ts";
import { type MeanDifference, meanDifference } from "./mean_difference.ts";
import { toProbabilities } from "./variables.ts";

/** What `attributeVector` takes: the means of N images, [N, D], and their labels, [N, L], a name a column. */
interface Labelled {
  readonly count: number;
  readonly mean: Float32Array;
  readonly labels?: Float32Array;
  readonly labelNames: readonly string[];
  readonly valueNames?: Dataset["valueNames"];
}

/**
 * The direction of an attribute among the latents (as arXiv 1610.00291 does with facial attributes): the mean of z of the
 * images that have it minus the mean of those that don't.
 *
 * @param attribute `NAME` of a label with two values (the higher one is having it), or `NAME=VALUE` of any other,
 * the value by its name where it has one (`class=cat`, or `cat` alone)
 * @throws ConfigError where no label has that name or value, DataError where the data set has no labels or all images
 * are alike
 */
export function attributeVector(
  { count, mean, labels, labelNames, valueNames = [] }: Labelled,
  attribute: string,
): MeanDifference {
  if (labels === undefined || labelNames.length === 0) {
    throw new DataError(
      "--attribute: expected a data set with labels, got one without (an image folder has its sub-folders as classes with data_params.label_from: folder).",
    );
  }
  const has = holder(attribute, labels, labelNames, valueNames);
  const found = meanDifference(mean, count, has);
  const { having, lacking } = found;
  if (lacking === 0 || having === 0) {
    throw new DataError(
      `--attribute: expected images with ${attribute} and without, got ${having} with and ${lacking} without. Take more of them: --images.`,
    );
  }
  return found;
}

/** Whether image n has the attribute. */
function holder(
  attribute: string,
  labels: Float32Array,
  names: readonly string[],
  valueNames: NonNullable<Dataset["valueNames"]>,
): (image: number) => boolean {
  const [name, wanted] = nameAndValue(attribute, names, valueNames);
  const column = names.indexOf(name);
  if (column < 0) {
    const named = valueNames.flatMap((values) => values ?? []);
    const all = [...names, ...named];
    throw new ConfigError(
      `--attribute: expected one of ${listed(all)}, got "${name}".${didYouMean(name, all)}`,
    );
  }
  const label = (n: number) => labels[n * names.length + column]!;
  const values = [...new Set(Array.from({ length: labels.length / names.length }, (_, n) => label(n)))].sort(
    (a, b) => a - b,
  );
  const nameOf = (value: number) => valueNames[column]?.[value] ?? String(value);
  const known = values.map(nameOf);
  if (wanted === undefined) {
    if (values.length <= 2) return (n) => label(n) === values.at(-1);
    throw new ConfigError(
      `--attribute: expected a value of ${name}, which has more than two, got none. Say ${name}=VALUE, one of ${listed(known)}.`,
    );
  }
  const value =
    values.find((v) => nameOf(v) === wanted) ?? values.find((v) => v === Math.fround(Number(wanted)));
  if (value === undefined) {
    throw new ConfigError(
      `--attribute: expected ${name} to be one of ${listed(known)}, got "${wanted}".${didYouMean(wanted, known)}`,
    );
  }
  return (n) => label(n) === value;
}

/** Of `NAME`, `NAME=VALUE` or a value's name alone. */
function nameAndValue(
  attribute: string,
  names: readonly string[],
  valueNames: NonNullable<Dataset["valueNames"]>,
): [name: string, value: string | undefined] {
  const column = names.includes(attribute)
    ? -1
    : valueNames.findIndex((values) => values?.includes(attribute));
  if (column >= 0) return [names[column]!, attribute];
  const equals = attribute.indexOf("=");
  return equals < 0 ? [attribute, undefined] : [attribute.slice(0, equals), attribute.slice(equals + 1)];
}

const listed = (names: readonly string[]): string =>
  names.length > 20 ? `${names.slice(0, 20).join(", ")}, …` : names.join(", ");

/**
 * One row an image: the image, then what is decoded from its place plus each of `strengths` times `direction`, of
 * categorical variables brought back among probabilities; packed [N x (strengths + 1), H, W, C].
 */
export async function strengthen(
  vae: VAE,
  images: Images,
  direction: Float32Array,
  strengths: readonly number[],
  rng: Rng,
): Promise<Images> {
  const { layout, place, count } = await encodeImages(vae, images, rng);
  const { size } = layout;
  const rows: Images[] = [];
  for (let n = 0; n < count; n++) {
    const vectors = new Float32Array(strengths.length * size);
    strengths.forEach((strength, i) => {
      for (let d = 0; d < size; d++) vectors[i * size + d] = place[n * size + d]! + strength * direction[d]!;
    });
    toProbabilities(vectors, layout);
    const own = slice(images, n, 1);
    const labels = own.labels && repeated(own.labels, strengths.length);
    rows.push(own, await decodeVectors(vae, layout, vectors, { rng, labels }));
  }
  return concatImages(rows);
}
