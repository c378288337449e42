import { constants } from "node:fs";
import { type FileHandle, open, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { DataError } from "../../errors.ts";
import { makeFolders, writeAtomic, writeProblem } from "../../files/atomic_file.ts";
import { readAt, writeAll } from "../../files/positional_file.ts";
import type { Dataset, Examples, OpenArgs } from "../dataset.ts";
import { ordered } from "../ordered.ts";
import { range } from "../store.ts";
import {
  DESCRIPTION,
  filesOf,
  imageBytes,
  layoutOf,
  type RecordsLayout,
  recordBytes,
  recordFile,
  SPLITS,
  type SplitName,
} from "./layout.ts";
import { DamagedRecord, eachRecord, SEAL, sealed } from "./sealed.ts";

/** Bytes of a file, at most. */
const FILE_BYTES = 1 << 30;
/** Of a piece that is read and written at once: bytes, and images. */
const PIECE_BYTES = 1 << 20;
const PIECE_IMAGES = 256;
/** Pieces that are made ready at a time. */
const AT_ONCE = 3;
/** There while it is being written. */
const UNDER_WAY = "packing.json";
/** Images of each split that tell data from others. */
const SAMPLED = 64;

/**
 * Writes all images of a data set and their labels as records into `folder`; goes on where an earlier call was stopped,
 * whose whole records are kept. Returns what was written.
 *
 * @throws DataError where the folder holds another packing, UserError where it can't be written
 */
export async function writeRecords(
  dataset: Dataset,
  folder: string,
  { progress, fileBytes = FILE_BYTES }: Pick<OpenArgs, "progress"> & { readonly fileBytes?: number } = {},
): Promise<RecordsLayout> {
  const layout = layoutOf(dataset, fileBytes);
  const description = `${JSON.stringify(layout, undefined, 1)}\n`;
  await begin(folder, `${description}${await sampleOf(dataset)}\n`);
  const all = SPLITS.reduce((sum, split) => sum + layout.splits[split], 0);
  let done = 0;
  const wrote = (count: number) => {
    done += count;
    progress?.("packing", done, all);
  };
  for (const split of SPLITS)
    for (let number = 0; number < filesOf(layout, split); number++)
      await writeFile({ dataset, folder, layout, split, number, wrote });
  await writeAtomic(join(folder, DESCRIPTION), description);
  await rm(join(folder, UNDER_WAY));
  return layout;
}

/** Makes the folder, or finds it as a call for the same data has left it. */
async function begin(folder: string, same: string): Promise<void> {
  await makeFolders(folder);
  const there = async (name: string) => readFile(join(folder, name), "utf8").catch(() => undefined);
  if ((await there(DESCRIPTION)) !== undefined)
    throw new DataError(
      `${folder}: expected a folder without packed data, got one with ${DESCRIPTION}. Remove it or choose another.`,
    );
  const before = await there(UNDER_WAY);
  if (before === same) return;
  if (before !== undefined)
    throw new DataError(
      `${folder}: expected to go on with the packing that is there, got other data than it was begun with. Remove the folder or choose another.`,
    );
  await writeAtomic(join(folder, UNDER_WAY), same);
}

/** What tells data from others. */
async function sampleOf({ splits }: Dataset): Promise<string> {
  const sums: string[] = [];
  for (const name of SPLITS) {
    const { size } = splits[name];
    const taken = Math.min(size, SAMPLED);
    const places = Int32Array.from({ length: taken }, (_, i) => Math.floor((i * size) / taken));
    sums.push(taken === 0 ? "" : crc32((await splits[name].read(places)).images).toString(16));
  }
  return sums.join(" ");
}

interface ToWrite {
  readonly dataset: Dataset;
  readonly folder: string;
  readonly layout: RecordsLayout;
  readonly split: SplitName;
  readonly number: number;
  wrote(count: number): void;
}

async function writeFile({ dataset, folder, layout, split, number, wrote }: ToWrite): Promise<void> {
  const { file, count } = recordFile(folder, split, number, layout);
  const bytes = recordBytes(layout);
  const isBefore = number + 1 < filesOf(layout, split) && recordFile(folder, split, number + 1, layout);
  if (isBefore && (await exists(isBefore.file))) return wrote(count); // it was synced before the next was begun
  try {
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT);
    try {
      const whole = await wholeRecords(handle, count, bytes);
      if (whole > 0) wrote(whole);
      const piece = Math.max(1, Math.min(PIECE_IMAGES, Math.floor(PIECE_BYTES / bytes)));
      const first = number * layout.imagesPerFile;
      const pieces = ordered(Math.ceil((count - whole) / piece), AT_ONCE, async (i) => {
        const from = whole + i * piece;
        const found = await dataset.splits[split].read(
          range(first + from, first + Math.min(count, from + piece)),
        );
        return { from, records: sealed(recordsOf(found, layout), bytes) };
      });
      for await (const { from, records } of pieces) {
        await writeAll(handle, records, from * (bytes + SEAL));
        wrote(records.length / (bytes + SEAL));
      }
      await handle.truncate(count * (bytes + SEAL));
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw writeProblem(file, error);
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** How many of the records at the beginning of a file are whole, `count` at most. */
async function wholeRecords(handle: FileHandle, count: number, bytes: number): Promise<number> {
  const stride = bytes + SEAL;
  const there = Math.min(count, Math.floor((await handle.stat()).size / stride));
  const read = (from: number, some: number) => readAt(handle, some * stride, from * stride);
  const piece = Math.max(1, Math.floor(PIECE_BYTES / stride));
  try {
    for (let from = 0; from < there; from += piece)
      await eachRecord({ bytes, perFile: count, read }, range(from, Math.min(there, from + piece)), () => {});
    return there;
  } catch (error) {
    if (error instanceof DamagedRecord) return error.row;
    throw error;
  }
}

/** Images and labels side by side. */
function recordsOf({ images, labels }: Examples, layout: RecordsLayout): Uint8Array {
  if (labels === undefined || layout.labelNames.length === 0) return images;
  const [size, bytes] = [imageBytes(layout), recordBytes(layout)];
  const count = images.length / size;
  const out = new Uint8Array(count * bytes);
  const labelBytes = new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength);
  for (let i = 0; i < count; i++) {
    out.set(images.subarray(i * size, (i + 1) * size), i * bytes);
    out.set(labelBytes.subarray(i * (bytes - size), (i + 1) * (bytes - size)), i * bytes + size);
  }
  return out;
}
