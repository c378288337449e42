import { createReadStream, existsSync } from "node:fs";
import { DataError } from "../../errors.ts";
import { type NpyStream, openNpy, valuesOf } from "../../formats/npy_reader.ts";
import type { LabelTable } from "../store.ts";
import type { ArrayFile } from "./array_file.ts";

export interface ArrayLabels {
  readonly table: LabelTable;
  readonly names: readonly string[];
  /** How many values each takes; undefined where some are no whole numbers from 0 on. */
  readonly counts: readonly number[] | undefined;
  readonly valueNames: readonly (readonly string[] | undefined)[];
}

interface Named {
  readonly labels?: string;
  readonly label_names?: readonly string[];
  readonly classes?: readonly string[];
}

/**
 * Labels of `count` images: the array of that name beside them, or the one in the .npy file `path`. Text becomes numbers in
 * the order of the texts, which are their names.
 *
 * @throws DataError where they don't fit the images or the names
 */
export async function labelsOf(
  { labels = "", label_names, classes }: Named,
  source: ArrayFile,
  path: string,
  count: number,
): Promise<ArrayLabels> {
  const isFile = /\.npy$/i.test(labels);
  if (isFile && !existsSync(path))
    throw new DataError(
      `data_params.labels: expected a .npy file with the labels, got "${labels}", which does not exist (${path}). A relative name ` +
        "starts from the config that says it.",
    );
  const array = await (isFile ? openNpy(createReadStream(path), path) : source.array(labels));
  const width = widthOf(array, count);
  const found = await valuesOf(array);
  const values = new Float32Array(found.length);
  const valueNames: (readonly string[] | undefined)[] = [];
  for (let column = 0; column < width; column++) {
    const own = found.filter((_, i) => i % width === column);
    const texts = array.dtype.kind === "text" ? [...new Set(own as string[])].sort() : undefined;
    const number = new Map(texts?.map((text, i) => [text, i]));
    own.forEach((value, n) => {
      values[n * width + column] = texts ? number.get(value as string)! : (value as number);
    });
    valueNames.push(texts);
  }
  const names = label_names ?? (width === 1 ? ["class"] : valueNames.map((_, i) => `label_${i}`));
  if (names.length !== width)
    throw new DataError(
      `data_params.label_names: expected ${width}, one a column of ${array.name}, got ${names.length}.`,
    );
  const counts = countsOf(values, width);
  if (classes) valueNames[0] = named(classes, counts?.[0], width);
  return { table: { values, width }, names, counts, valueNames };
}

function widthOf({ shape, name }: NpyStream, count: number): number {
  const [rows, width = 1] = shape;
  if (rows === count && shape.length <= 2 && width > 0) return width;
  throw new DataError(
    `data_params.labels: expected labels [${count}] or [${count}, L], one row an image, got [${shape.join(", ")}] in ${name}.`,
  );
}

function countsOf(values: Float32Array, width: number): number[] | undefined {
  if (!values.every((value) => Number.isInteger(value) && value >= 0)) return undefined;
  const counts = new Array<number>(width).fill(0);
  values.forEach((value, i) => {
    counts[i % width] = Math.max(counts[i % width]!, value + 1);
  });
  return counts;
}

function named(classes: readonly string[], values: number | undefined, width: number): readonly string[] {
  if (width === 1 && values !== undefined && values <= classes.length) return classes;
  const got =
    width > 1 ? `${width} columns` : values === undefined ? "other numbers" : `values up to ${values - 1}`;
  throw new DataError(
    `data_params.classes: expected labels of one column from 0 to ${classes.length - 1}, got ${got}.`,
  );
}
