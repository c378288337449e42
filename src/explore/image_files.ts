import { statSync } from "node:fs";
import { join } from "node:path";
import { centerCropOf } from "../data/image_folder/crop.ts";
import { decodeImage, type ImageTransform } from "../data/image_folder/decode.ts";
import { IMAGE_FILES, listImages } from "../data/image_folder/files.ts";
import { notesOf } from "../data/image_folder/notes.ts";
import { reasonOf, type Skipped } from "../data/image_folder/pack.ts";
import { eachOnce } from "../data/image_folder/repeats.ts";
import { printable } from "../data/image_folder/words.ts";
import { ordered } from "../data/ordered.ts";
import { ConfigError, DataError } from "../errors.ts";
import { fromBytes } from "../images/bytes.ts";
import { counted } from "../text/counted.ts";
import type { Images } from "./images.ts";

/** What a model takes. */
export interface Wanted {
  /** [H, W, C]. */
  readonly imageShape: readonly [number, number, number];
  readonly imageRange: readonly [number, number];
  /** `data_params.center_crop`, where the config says it. */
  readonly centerCrop?: number | undefined;
}

/** Images of files, those that can be read. */
export interface FileImages extends Images {
  /** Their files, [N]. */
  readonly files: readonly string[];
}

export interface ImageFiles {
  readonly files: readonly string[];
  /** What else was found and isn't read, a sentence each. */
  readonly notes: readonly string[];
}

/** Images of a batch, and files decoded at a time. */
const BATCH = 64;
const AHEAD = 8;

/**
 * Images of files as the model takes them: cropped and resized as an image folder's, in the model's range.
 *
 * @param files as `findImages` gives them
 * @param note told what was skipped because it can't be read, once all others are
 * @throws DataError where none can be read
 */
export async function* imageBatches(
  files: readonly string[],
  { imageShape: [height, width, channels], imageRange, centerCrop }: Wanted,
  note: (sentence: string) => void,
): AsyncGenerator<FileImages, void, undefined> {
  const crop = centerCropOf(centerCrop, files);
  const side = Math.max(height, width);
  const transform = { size: side, channels: channels as 1 | 3, ...(crop > 0 && { centerCrop: crop }) };
  const skipped: Skipped[] = [];
  let read: { file: string; bytes: Uint8Array }[] = [];
  const batch = (): FileImages => {
    const size = height * width * channels;
    const images = new Float32Array(read.length * size);
    read.forEach(({ bytes }, n) => {
      images.set(fromBytes(bytes, imageRange), n * size);
    });
    const made: FileImages = {
      images,
      shape: [read.length, height, width, channels],
      files: read.map(({ file }) => file),
    };
    read = [];
    return made;
  };
  for await (const decoded of ordered(files.length, AHEAD, (i) => decode(files[i]!, transform))) {
    if ("reason" in decoded) skipped.push(decoded);
    else read.push(decoded);
    if (read.length === BATCH) yield batch();
  }
  if (skipped.length === files.length) throw unreadable(skipped);
  if (read.length > 0) yield batch();
  if (skipped.length > 0) {
    const [{ path, reason } = { path: "", reason: "" }] = skipped;
    const first = skipped.length > 1 ? ", the first" : "";
    note(`${counted(skipped.length, "image")} skipped${first}: ${printable(path)}: ${reason}`);
  }
}

async function decode(
  file: string,
  transform: ImageTransform,
): Promise<{ file: string; bytes: Uint8Array } | Skipped> {
  try {
    return { file, bytes: await decodeImage(file, transform) };
  } catch (error) {
    const size = statSync(file, { throwIfNoEntry: false })?.size ?? -1;
    return { path: file, reason: await reasonOf(file, size, error) };
  }
}

function unreadable(skipped: readonly Skipped[]): DataError {
  const shown = skipped.slice(0, 5).map(({ path, reason }) => `\n  ${printable(path)}: ${reason}`);
  const more = skipped.length > 5 ? `\n  and ${skipped.length - 5} more` : "";
  return new DataError(
    `expected JPEG, PNG, WebP, TIFF, GIF or AVIF images, got none that can be read:${shown.join("")}${more}`,
  );
}

/**
 * The files that are meant.
 *
 * @param patterns files, folders (all images in them, links followed) and globs
 * @throws ConfigError where a pattern fits no file
 */
export async function findImages(patterns: readonly string[]): Promise<ImageFiles> {
  const files: string[] = [];
  const notes: string[] = [];
  for (const pattern of patterns) {
    const stat = statSync(pattern, { throwIfNoEntry: false });
    if (stat?.isFile()) {
      files.push(pattern);
      continue;
    }
    const folder = stat?.isDirectory() ?? false;
    const [base, glob] = folder ? [pattern, IMAGE_FILES] : baseOf(pattern);
    const there = glob !== "" && statSync(base, { throwIfNoEntry: false })?.isDirectory();
    const listing = there ? await listImages(base, [glob]) : undefined;
    const left = listing && folder ? notesOf(listing).map((note) => `${pattern}: ${note}`) : [];
    if (listing === undefined || listing.files.length === 0) {
      const got = folder ? ["a folder without images", ...left].join("; ") : "no such file";
      throw new ConfigError(
        `"${pattern}": expected an image, a folder of images or a glob, got ${got} (the current folder is ${process.cwd()}).`,
      );
    }
    files.push(...eachOnce(listing, false).files.map(({ path }) => join(base, path)));
    notes.push(...left);
  }
  return { files, notes };
}

/** The folder that all files of a glob lie below, and the glob from there on. */
function baseOf(pattern: string): [base: string, glob: string] {
  const parts = pattern.split("/");
  const magic = parts.findIndex((part) => /[*?[\]{}()!+@]/.test(part));
  if (magic < 0) return [pattern, ""];
  const base = parts.slice(0, magic).join("/");
  return [base === "" ? (pattern.startsWith("/") ? "/" : ".") : base, parts.slice(magic).join("/")];
}
