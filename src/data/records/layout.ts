import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../errors.ts";
import type { Dataset } from "../dataset.ts";
import { SEAL } from "./sealed.ts";

/** Raise its number when the format changes. */
const FORMAT = "tfjs-vae records 1";
/** What describes a folder of records; written last. */
export const DESCRIPTION = "records.json";

export const SPLITS = ["train", "val", "test"] as const;
export type SplitName = (typeof SPLITS)[number];

/**
 * A folder of records: `records.json`, and of each split the files `train-00000.records`, … of `imagesPerFile` records, the
 * last one of what is left. A record: the image [H, W, C], its labels as little-endian float32 [L], and the CRC-32 of both
 * as a little-endian 32-bit integer.
 */
export interface RecordsLayout
  extends Pick<
    Dataset,
    "imageShape" | "splitNote" | "labelNames" | "labelValues" | "valueNames" | "factors" | "labelHint"
  > {
  readonly format: typeof FORMAT;
  readonly imagesPerFile: number;
  /** Images of each. */
  readonly splits: Readonly<Record<SplitName, number>>;
}

/** That of a data set in files of `fileBytes` at most. */
export function layoutOf(dataset: Dataset, fileBytes: number): RecordsLayout {
  const { imageShape, splits, splitNote, labelNames, labelValues, valueNames, factors, labelHint } = dataset;
  const bytes = recordBytes({ imageShape, labelNames });
  return {
    format: FORMAT,
    imageShape,
    imagesPerFile: Math.max(1, Math.floor(fileBytes / (bytes + SEAL))),
    splits: { train: splits.train.size, val: splits.val.size, test: splits.test.size },
    splitNote,
    labelNames,
    ...(labelValues && { labelValues }),
    ...(valueNames && { valueNames }),
    ...(factors && { factors }),
    ...(labelHint !== undefined && { labelHint }),
  };
}

export const imageBytes = ({ imageShape }: Pick<RecordsLayout, "imageShape">): number =>
  imageShape.reduce((a, b) => a * b);

/** Bytes of a record without its checksum. */
export const recordBytes = (layout: Pick<RecordsLayout, "imageShape" | "labelNames">): number =>
  imageBytes(layout) + 4 * layout.labelNames.length;

/** The file of a split with that number, and how many records it has. */
export function recordFile(
  folder: string,
  split: SplitName,
  number: number,
  { splits, imagesPerFile }: RecordsLayout,
): { file: string; count: number } {
  return {
    file: join(folder, `${split}-${String(number).padStart(5, "0")}.records`),
    count: Math.min(imagesPerFile, splits[split] - number * imagesPerFile),
  };
}

export const filesOf = ({ splits, imagesPerFile }: RecordsLayout, split: SplitName): number =>
  Math.ceil(splits[split] / imagesPerFile);

/** What describes the records in `folder`. @throws DataError where there are none, or of another format */
export async function readLayout(folder: string): Promise<RecordsLayout> {
  const file = join(folder, DESCRIPTION);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    const why = error.code === "ENOENT" ? "no such file" : error.message;
    throw new DataError(
      `data_params.data_path: expected ${DESCRIPTION} in ${folder}, got ${why}. vae data pack makes such a folder; one that was stopped goes on when it is called again.`,
    );
  });
  try {
    const layout = JSON.parse(text) as RecordsLayout;
    if (layout.format === FORMAT && layout.imagesPerFile > 0 && SPLITS.every((s) => layout.splits[s] >= 0))
      return layout;
  } catch {} // told below
  throw new DataError(
    `${file}: expected what vae data pack writes ("${FORMAT}"), got something else. Pack again.`,
  );
}
