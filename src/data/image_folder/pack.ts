import { open } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../../errors.ts";
import { ordered } from "../ordered.ts";
import type { PackWriter } from "../packed.ts";
import { decodeImage, type ImageTransform } from "./decode.ts";
import type { ImageFile } from "./listing.ts";
import { percent } from "./split.ts";
import { printable } from "./words.ts";

/** One write for many small images: each waits for a thread that decodes meanwhile. */
const WRITE_BYTES = 1 << 20;

/** How far a process was that was killed: the first `next` files are dealt with. */
interface Marked {
  readonly next: number;
  readonly skipped: readonly Skipped[];
}

export interface Skipped {
  readonly path: string;
  readonly reason: string;
}

/**
 * Decodes all files into the pack, in order and without gaps, or those that are left after what was marked; returns the
 * number of images and which files were skipped, as they can't be read. `read` gives the bytes of files that are not files
 * of `folder`.
 *
 * @throws DataError as soon as more are skipped than `max_bad_share` allows
 */
export async function packImages(
  { put, marked, mark }: PackWriter,
  folder: string,
  files: readonly ImageFile[],
  transform: ImageTransform,
  { num_workers, max_bad_share }: { readonly num_workers: number; readonly max_bad_share: number },
  read?: (path: string) => Promise<Uint8Array>,
): Promise<{ count: number; meta: Skipped[] }> {
  const bytes = transform.size ** 2 * transform.channels;
  const { next: from, skipped: before } = (marked as Marked | undefined) ?? { next: 0, skipped: [] };
  const skipped: Skipped[] = [...before];
  let next = from;
  let count = from - before.length;
  const decode = async (i: number): Promise<Uint8Array | Skipped> => {
    const { path, size } = files[i]!;
    const file = join(folder, path);
    try {
      return await decodeImage(read ? await read(path) : file, transform);
    } catch (error) {
      return { path, reason: read ? firstLine(error) : await reasonOf(file, size, error) };
    }
  };
  let waiting: Uint8Array[] = [];
  const flush = async () => {
    const images = Buffer.concat(waiting);
    waiting = [];
    await put(count - images.length / bytes, images);
    await mark?.({ next, skipped } satisfies Marked);
  };
  const decoded = ordered(files.length - from, 2 * Math.max(1, num_workers), (i) => decode(from + i));
  for await (const image of decoded) {
    next++;
    if (!(image instanceof Uint8Array)) {
      skipped.push(image);
      checkShare(skipped, files.length, max_bad_share, folder);
      continue;
    }
    waiting.push(image);
    count++;
    if (waiting.length * bytes >= WRITE_BYTES) await flush();
  }
  await flush();
  return { count, meta: skipped };
}

/** Why an image can't be read, in one line without the folder's name. */
export async function reasonOf(file: string, size: number, error: unknown): Promise<string> {
  if (size === 0) return "empty file";
  const opened = await open(file).catch((e: NodeJS.ErrnoException) => e);
  if (!(opened instanceof Error)) await opened.close();
  else if (opened.code === "ENOENT" && file.includes("\uFFFD")) return "its name is not UTF-8: rename it";
  else if (opened.code === "ENOENT") return "a link to a file that is missing";
  else if (opened.code === "ELOOP") return "a link that leads back to itself";
  else if (opened.code === "EACCES") return "no permission to read it";
  else return `can't be opened (${opened.code})`;
  return firstLine(error);
}

const firstLine = (error: unknown): string =>
  (error as Error).message.split("\n", 1)[0]!.replace(/^Input (file|buffer) /, "");

/** @throws DataError where more than the share `most` of `all` images was skipped, with the first few */
export function checkShare(skipped: readonly Skipped[], all: number, most: number, folder: string): void {
  if (skipped.length <= most * all) return;
  const shown = skipped.slice(0, 5).map(({ path, reason }) => `\n  ${printable(path)}: ${reason}`);
  const more = skipped.length > 5 ? `\n  and ${skipped.length - 5} more` : "";
  throw new DataError(
    `${folder}: expected at most ${percent(most)} of ${all} images to be unreadable, got at least ${skipped.length}:${shown.join("")}${more}\nMend or remove them, or raise data_params.max_bad_share.`,
  );
}
