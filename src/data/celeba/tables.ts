import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { DataError } from "../../errors.ts";

export interface Attributes {
  /** `5_o_Clock_Shadow` … `Young`. */
  readonly names: readonly string[];
  /** Row of each image's file name. */
  readonly rows: ReadonlyMap<string, number>;
  /** Packed [rows, names], 1 where the image has the attribute, else 0. */
  readonly values: Float32Array;
}

/**
 * `list_attr_celeba.txt`: the number of images, the attributes' names, then a line an image of its file name and 1 or
 * -1 for each. The same as comma-separated values (with `image_id` before the names) is read too.
 *
 * @throws DataError with the line that is another
 */
export async function readAttributes(file: string): Promise<Attributes> {
  const lines = await readLines(file);
  if (lines[0]?.fields.length === 1) lines.shift(); // the number of images
  const names = (lines.shift()?.fields ?? []).filter((name) => name !== "image_id");
  const rows = new Map<string, number>();
  const values = new Float32Array(lines.length * names.length);
  for (const [row, { number, fields }] of lines.entries()) {
    const [image, ...signs] = fields;
    if (signs.length !== names.length || signs.some((sign) => sign !== "1" && sign !== "-1")) {
      throw new DataError(
        `${file}:${number}: expected a file name and ${names.length} times 1 or -1, got "${shown(fields)}". Get the file again.`,
      );
    }
    rows.set(image!, row);
    signs.forEach((sign, column) => {
      values[row * names.length + column] = sign === "1" ? 1 : 0;
    });
  }
  if (rows.size === 0) throw new DataError(`${file}: expected a line for each image, got none.`);
  return { names, rows, values };
}

export type Part = "train" | "val" | "test";
const PARTS: readonly Part[] = ["train", "val", "test"];

/**
 * `list_eval_partition.txt`: each image's file name and 0 (training), 1 (validation) or 2 (test), in the file's order.
 *
 * @throws DataError with the line that is another
 */
export async function readPartition(file: string): Promise<Map<string, Part>> {
  const lines = await readLines(file);
  if (lines[0]?.fields[0] === "image_id") lines.shift();
  const parts = new Map<string, Part>();
  for (const { number, fields } of lines) {
    const part = fields.length === 2 && /^[012]$/.test(fields[1]!) ? PARTS[Number(fields[1])] : undefined;
    if (part === undefined) {
      throw new DataError(
        `${file}:${number}: expected a file name and 0, 1 or 2, got "${shown(fields)}". Get the file again.`,
      );
    }
    parts.set(fields[0]!, part);
  }
  if (parts.size === 0) throw new DataError(`${file}: expected a line for each image, got none.`);
  return parts;
}

async function readLines(file: string): Promise<{ number: number; fields: string[] }[]> {
  const text = await readFile(file, "utf8").catch((error: Error) => {
    throw new DataError(`${basename(file)}: can't be read: ${error.message}`, { cause: error });
  });
  return text
    .split("\n")
    .map((line, i) => ({ number: i + 1, fields: line.trim().split(/[\s,]+/) }))
    .filter(({ fields }) => fields[0] !== "");
}

const shown = (fields: readonly string[]): string => {
  const text = fields.join(" ");
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};
