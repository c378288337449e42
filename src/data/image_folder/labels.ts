import { DataError } from "../../errors.ts";
import type { LabelTable } from "../store.ts";
import type { Assigned } from "./split.ts";

/**
 * The class of each image, the number of its first sub-folder (beneath the folder of its split, where there are
 * such) in order of name, the classes' names, and a sentence with them.
 *
 * @throws DataError where an image lies in no sub-folder
 */
export function folderLabels(
  paths: readonly string[],
  { parts, byFolder }: Assigned,
  folder: string,
): { table: LabelTable; note: string; classes: readonly string[] } {
  const depth = byFolder ? 1 : 0;
  const names = paths.map((path, i) => {
    if (parts[i] === undefined) return undefined;
    const folders = path.split("/").slice(depth, -1);
    if (folders[0] !== undefined) return folders[0];
    throw new DataError(
      `data_params.label_from: expected each image in the folder of its class, got ${path} in ${folder}. Move it, or set label_from: none.`,
    );
  });
  const classes = [...new Set(names.filter((name) => name !== undefined))].sort();
  const number = new Map(classes.map((name, i) => [name, i]));
  const values = Float32Array.from(names, (name) => number.get(name ?? "") ?? 0);
  const shown = classes.slice(0, 20).map((name, i) => `${i} ${name}`);
  const more = classes.length > 20 ? `, … ${classes.length - 1}` : "";
  return { table: { values, width: 1 }, note: ` Classes: ${shown.join(", ")}${more}.`, classes };
}
