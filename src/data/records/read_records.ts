import { stat } from "node:fs/promises";
import { DataError } from "../../errors.ts";
import type { Examples, Split } from "../dataset.ts";
import type { FilePool } from "../stream/file_pool.ts";
import {
  filesOf,
  imageBytes,
  type RecordsLayout,
  recordBytes,
  recordFile,
  type SplitName,
} from "./layout.ts";
import { DamagedRecord, eachRecord, SEAL } from "./sealed.ts";

const REMEDY = "Copy it anew from where it is whole, or pack again.";

/** A split of a folder of records, of which nothing is read before it is asked for. @throws DataError for a file cut short */
export async function recordsSplit(
  folder: string,
  name: SplitName,
  layout: RecordsLayout,
  pool: FilePool,
): Promise<Split> {
  const { imagesPerFile: perFile } = layout;
  const [size, bytes] = [imageBytes(layout), recordBytes(layout)];
  const width = layout.labelNames.length;
  const fileOf = (row: number) => recordFile(folder, name, Math.floor(row / perFile), layout);
  for (let number = 0; number < filesOf(layout, name); number++)
    await checkLength(recordFile(folder, name, number, layout), bytes + SEAL);
  const read = (first: number, count: number) =>
    pool.read(fileOf(first).file, (first % perFile) * (bytes + SEAL), count * (bytes + SEAL));
  return {
    size: layout.splits[name],
    inRuns: true,
    async read(indices): Promise<Examples> {
      const images = new Uint8Array(indices.length * size);
      const labels = new Float32Array(indices.length * width);
      const labelBytes = new Uint8Array(labels.buffer);
      try {
        await eachRecord({ bytes, perFile, read }, indices, (record, n) => {
          images.set(record.subarray(0, size), n * size);
          if (width > 0) labelBytes.set(record.subarray(size), n * 4 * width);
        });
      } catch (error) {
        throw problem(error as Error, folder, (row) => fileOf(row).file, perFile);
      }
      return { images, ...(width > 0 && { labels }) };
    },
  };
}

async function checkLength({ file, count }: { file: string; count: number }, stride: number): Promise<void> {
  const info = await stat(file).catch(() => undefined);
  if (info?.size === count * stride) return;
  const got = info === undefined ? "no such file" : `${info.size}`;
  throw new DataError(`${file}: expected ${count * stride} bytes, ${count} records, got ${got}. ${REMEDY}`);
}

function problem(error: Error, folder: string, fileOf: (row: number) => string, perFile: number): DataError {
  if (!(error instanceof DamagedRecord))
    return new DataError(`${folder}: can't be read any more (${error.message}). ${REMEDY}`, { cause: error });
  return new DataError(
    `${fileOf(error.row)}: record ${error.row % perFile} is damaged: its checksum is wrong. ${REMEDY}`,
  );
}
