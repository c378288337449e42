import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { isTemporary, makeWhole } from "../files/atomic_file.ts";
import { cacheProblem } from "../files/cache_dir.ts";
import { fill, writeAll } from "../files/positional_file.ts";
import { removeAbandoned } from "../files/temporary.ts";
import type { OpenArgs } from "./dataset.ts";
import { type ImageStore, memoryStore } from "./store.ts";

/** What a packed file is made from. */
export interface Recipe {
  /** Start of the file's name. */
  readonly name: string;
  /** All that determines the images, as JSON: the files, the transform, a version. */
  readonly key: unknown;
  /** [H, W, C] of each image. */
  readonly shape: readonly [number, number, number];
  /** Images at most, fewer where some can't be read; Infinity: not known before they are looked at. */
  readonly capacity: number;
  /** Writes the images; returns how many there are and, as JSON, what else to remember. */
  make(writer: PackWriter): Promise<{ count: number; meta: unknown }>;
}

/** Takes images in any order. */
export interface PackWriter {
  /** Stores consecutive images, packed, from number `at` on. */
  put(at: number, images: Uint8Array): Promise<void>;
}

/** Images in a packed file: read from memory where they take less than 256 MB, else from the file. */
export interface Packed extends ImageStore {
  readonly count: number;
  readonly meta: unknown;
  readonly file: string;
  close(): Promise<void>;
}

/** Raise it when the format changes; it is part of each key. */
const FORMAT = "tfjs-vae packed images 1";
const IN_MEMORY = 256e6;
const CHUNK = 4 << 20;
/** A temporary file of another machine that nobody has written to for so long belongs to a process that was killed. */
const ABANDONED_MS = 3600e3;

interface Footer {
  readonly format: string;
  readonly key: string;
  readonly count: number;
  readonly meta: unknown;
  /** sha256 of the images and then of `meta` as JSON. */
  readonly sha256: string;
}

/**
 * The packed images of a recipe in the folder `cacheDir`, made where they are missing, damaged or out of date.
 * Processes that make the same at once each write their own file; the last one stays, and all are whole.
 *
 * The file: the images [count, H, W, C], a JSON footer, its length as a 32-bit little-endian integer.
 *
 * @throws UserError where the folder can't be written
 */
export async function openPacked(
  recipe: Recipe,
  { cacheDir, progress }: Pick<OpenArgs, "cacheDir" | "progress">,
): Promise<Packed> {
  const key = createHash("sha256")
    .update(JSON.stringify([FORMAT, recipe.shape, recipe.key]))
    .digest("hex");
  const file = join(cacheDir, `${recipe.name}-${key.slice(0, 20)}.packed`);
  const bytes = recipe.shape.reduce((a, b) => a * b, 1);
  const found = await openFile(file, key, bytes);
  if (found) return found;
  await make(file, key, bytes, recipe, progress);
  const made = await openFile(file, key, bytes);
  if (made) return made;
  throw new DataError(
    `${file}: damaged right after it was written; is the disk in order? TFJS_VAE_CACHE names another folder.`,
  );
}

async function make(
  file: string,
  key: string,
  bytes: number,
  recipe: Recipe,
  progress: OpenArgs["progress"],
): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true });
    const isPacked = (name: string) => isTemporary(name) && name.includes(".packed.");
    await removeAbandoned(dirname(file), isPacked, ABANDONED_MS);
    await makeWhole(file, write, (temporary) => rename(temporary, file));
  } catch (error) {
    throw cacheProblem(file, error);
  }

  async function write(temporary: string): Promise<void> {
    const handle = await open(temporary, "wx+");
    try {
      let done = 0;
      const show = () => progress?.(`packing ${recipe.name}`, done, recipe.capacity);
      const put = async (at: number, images: Uint8Array) => {
        await writeAll(handle, images, at * bytes);
        done += images.length / bytes;
        show();
      };
      const { count, meta } = await recipe.make({ put });
      if (done < recipe.capacity) {
        const all = Number.isFinite(recipe.capacity) ? recipe.capacity : count;
        progress?.(`packing ${recipe.name}`, all, all); // what was skipped is done too: the display ends
      }
      const sha256 = await digest(handle, count * bytes, meta);
      const footer = Buffer.from(
        JSON.stringify({ format: FORMAT, key, count, meta, sha256 } satisfies Footer),
      );
      const length = Buffer.alloc(4);
      length.writeUInt32LE(footer.length);
      await writeAll(handle, Buffer.concat([footer, length]), count * bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}

/** The packed file, or undefined where there is none that is whole. */
async function openFile(file: string, key: string, bytes: number): Promise<Packed | undefined> {
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  const footer = await readFooter(handle, key, bytes).catch(() => undefined);
  if (footer === undefined) {
    await handle.close();
    return undefined;
  }
  const size = footer.count * bytes;
  const images = size < IN_MEMORY ? new Uint8Array(size) : undefined;
  const sha256 = await digest(handle, size, footer.meta, images).catch(() => undefined);
  if (sha256 !== footer.sha256) {
    await handle.close();
    return undefined;
  }
  const { count, meta } = footer;
  if (images === undefined) {
    const read = (rows: ArrayLike<number>) => readRows(handle, file, rows, bytes);
    return { count, meta, file, read, close: () => handle.close() };
  }
  await handle.close();
  return { count, meta, file, ...memoryStore(images, bytes), close: async () => {} };
}

async function readFooter(handle: FileHandle, key: string, bytes: number): Promise<Footer | undefined> {
  const { size } = await handle.stat();
  const length = (await readAll(handle, 4, size - 4)).readUInt32LE();
  if (length > size - 4) return undefined;
  const footer = JSON.parse((await readAll(handle, length, size - 4 - length)).toString()) as Footer;
  const whole = footer.format === FORMAT && footer.key === key && footer.count * bytes === size - 4 - length;
  return whole ? footer : undefined;
}

/** sha256 of the file's first `size` bytes and `meta`; the bytes also go to `into`. */
async function digest(handle: FileHandle, size: number, meta: unknown, into?: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  const scratch = into ? undefined : Buffer.alloc(Math.min(CHUNK, size));
  for (let at = 0; at < size; at += CHUNK) {
    const length = Math.min(CHUNK, size - at);
    const chunk = into ? into.subarray(at, at + length) : scratch!.subarray(0, length);
    await fill(handle, chunk, at);
    hash.update(chunk);
  }
  return hash.update(JSON.stringify(meta)).digest("hex");
}

/** The images of `rows`; one positioned read for each run of consecutive rows. */
async function readRows(
  handle: FileHandle,
  file: string,
  rows: ArrayLike<number>,
  bytes: number,
): Promise<Uint8Array> {
  const images = new Uint8Array(rows.length * bytes);
  const reads: Promise<void>[] = [];
  for (let i = 0; i < rows.length; ) {
    let end = i + 1;
    while (end < rows.length && rows[end] === rows[end - 1]! + 1) end++;
    reads.push(fill(handle, images.subarray(i * bytes, end * bytes), rows[i]! * bytes));
    i = end;
  }
  const failed = (await Promise.allSettled(reads)).find((result) => result.status === "rejected");
  if (failed === undefined) return images;
  throw new DataError(
    `${file}: can't be read any more (${(failed.reason as Error).message}). Start again: it is then made anew.`,
  );
}

async function readAll(handle: FileHandle, length: number, position: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await fill(handle, buffer, position);
  return buffer;
}
