import { ShapeError } from "../errors.ts";
import type { Split } from "./dataset.ts";

/** Images by row: packed [n, H, W, C], 0 to 255. */
export interface ImageStore {
  read(rows: ArrayLike<number>): Promise<Uint8Array>;
  /** As `Split.inRuns`. */
  readonly inRuns?: boolean;
}

/** One label vector a row: packed [rows, width]. */
export interface LabelTable {
  readonly values: Float32Array;
  readonly width: number;
}

/** The images of `packed`, `bytes` each, each changed by `change` as it is read. */
export function memoryStore(
  packed: Uint8Array,
  bytes: number,
  change?: { readonly bytes: number; apply(image: Uint8Array, out: Uint8Array): void },
): ImageStore {
  const size = change?.bytes ?? bytes;
  return {
    async read(rows) {
      const images = new Uint8Array(rows.length * size);
      for (let i = 0; i < rows.length; i++) {
        const image = packed.subarray(rows[i]! * bytes, (rows[i]! + 1) * bytes);
        if (change) change.apply(image, images.subarray(i * size, (i + 1) * size));
        else images.set(image, i * size);
      }
      return images;
    },
  };
}

/** The split whose example i is row `rows[i]` of a store, its labels and its files' names. */
export function splitOf(
  store: ImageStore,
  rows: Int32Array,
  labels?: LabelTable,
  names?: readonly string[],
): Split {
  const files = {
    ...(names && { files: Array.from(rows, (row) => names[row]!) }),
    ...(store.inRuns && { inRuns: true }),
  };
  const rowsOf = (indices: ArrayLike<number>) =>
    Int32Array.from({ length: indices.length }, (_, i) => {
      const row = rows[indices[i]!];
      if (row !== undefined) return row;
      throw new ShapeError(
        `expected an example from 0 to ${rows.length - 1} of the split, got ${indices[i]}`,
      );
    });
  if (labels === undefined)
    return {
      size: rows.length,
      ...files,
      read: async (indices) => ({ images: await store.read(rowsOf(indices)) }),
    };
  const labelsOf = (wanted: Int32Array) => {
    const { values, width } = labels;
    const picked = new Float32Array(wanted.length * width);
    wanted.forEach((row, i) => {
      picked.set(values.subarray(row * width, (row + 1) * width), i * width);
    });
    return picked;
  };
  return {
    size: rows.length,
    ...files,
    async read(indices) {
      const wanted = rowsOf(indices);
      return { images: await store.read(wanted), labels: labelsOf(wanted) };
    },
    labels: (indices) => labelsOf(rowsOf(indices)),
  };
}

/** `from`, `from` + 1, … `to` - 1. */
export function range(from: number, to: number): Int32Array {
  return Int32Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
}
