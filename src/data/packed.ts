import { createHash } from "node:crypto";
import { type FileHandle, mkdir, open, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { DataError } from "../errors.ts";
import { isTemporary, makeWhole } from "../files/atomic_file.ts";
import { cacheProblem } from "../files/cache_dir.ts";
import { fill, readAt, writeAll } from "../files/positional_file.ts";
import { removeAbandoned } from "../files/temporary.ts";
import type { OpenArgs } from "./dataset.ts";
import { PartialFile } from "./records/partial_file.ts";
import { DamagedRecord, eachRecord, SEAL, sealed } from "./records/sealed.ts";
import { type ImageStore, memoryStore, range } from "./store.ts";

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
  /** Whether `make` goes on from what it marked: a large pack whose process was killed is then not begun anew. */
  readonly resumes?: boolean;
  /** Writes the images; returns how many there are and, as JSON, what else to remember. */
  make(writer: PackWriter): Promise<{ count: number; meta: unknown }>;
}

/** Takes images in any order. */
export interface PackWriter {
  /** Stores consecutive images, packed, from number `at` on. */
  put(at: number, images: Uint8Array): Promise<void>;
  /** What an earlier process marked last, before it was killed; undefined: begin. */
  readonly marked?: unknown;
  /** Notes, as JSON, that all up to here is written. */
  mark?(state: unknown): Promise<void>;
}

/** Images in a packed file: read from memory where they are few and take less than 256 MB, else from the file. */
export interface Packed extends ImageStore {
  readonly count: number;
  readonly meta: unknown;
  readonly file: string;
  close(): Promise<void>;
}

/** Formats; part of each key. One checksum for all images, which are read into memory. */
const WHOLE = "tfjs-vae packed images 1";
/** A checksum behind each image: nothing is read before it is wanted. */
const SEALED = "tfjs-vae packed images 2";
const IN_MEMORY = 256e6;
const CHUNK = 4 << 20;
/** Checksums that are compared at once: it takes a tenth of a second. */
const CHECKED_AT_ONCE = 1 << 17;
/** Between two marks that are kept. */
const MARK_MS = 2000;
/** A temporary file of another machine that nobody has written to for so long belongs to a process that was killed. */
const ABANDONED_MS = 3600e3;

interface Footer {
  readonly format: string;
  readonly key: string;
  readonly count: number;
  readonly meta: unknown;
  /** sha256 of the images, where they have no checksums of their own, and then of `meta` as JSON. */
  readonly sha256: string;
}

/** What is looked for, or made. */
interface Wanted {
  readonly file: string;
  readonly format: string;
  readonly key: string;
  /** Of an image. */
  readonly bytes: number;
}

/**
 * The packed images of a recipe in the folder `cacheDir`, made where they are missing, damaged or out of date.
 * Processes that make the same at once each write their own file; the last one stays, and all are whole.
 *
 * The file: the images [count, H, W, C], of a large set each with a checksum (`sealed`), a JSON footer, its length as a
 * 32-bit little-endian integer. Opening a large one reads the footer alone.
 *
 * @throws UserError where the folder can't be written
 */
export async function openPacked(
  recipe: Recipe,
  { cacheDir, progress }: Pick<OpenArgs, "cacheDir" | "progress">,
): Promise<Packed> {
  const bytes = recipe.shape.reduce((a, b) => a * b, 1);
  const wantedAs = (format: string): Wanted => {
    const hash = createHash("sha256");
    for (const piece of jsonPieces([format, recipe.shape, recipe.key])) hash.update(piece);
    const key = hash.digest("hex");
    return { file: join(cacheDir, `${recipe.name}-${key.slice(0, 20)}.packed`), format, key, bytes };
  };
  const older = wantedAs(WHOLE);
  const wanted = recipe.capacity * bytes < IN_MEMORY ? older : wantedAs(SEALED);
  const found = (await openFile(wanted)) ?? (wanted === older ? undefined : await openFile(older));
  if (found) return found;
  await make(wanted, recipe, progress);
  const made = await openFile(wanted);
  if (made) return made;
  throw new DataError(
    `${wanted.file}: damaged right after it was written; is the disk in order? TFJS_VAE_CACHE names another folder.`,
  );
}

async function make(wanted: Wanted, recipe: Recipe, progress: OpenArgs["progress"]): Promise<void> {
  const { file, format } = wanted;
  try {
    await mkdir(dirname(file), { recursive: true });
    const isPacked = (name: string) => isTemporary(name) && name.includes(".packed.");
    await removeAbandoned(dirname(file), isPacked, ABANDONED_MS);
    if (recipe.resumes && format === SEALED) {
      const partial = await PartialFile.open(file);
      await partial.use((handle) => write(handle, partial));
      return;
    }
    const writeNew = async (temporary: string) => {
      const handle = await open(temporary, "wx+");
      try {
        await write(handle);
      } finally {
        await handle.close();
      }
    };
    await makeWhole(file, writeNew, (temporary) => rename(temporary, file));
  } catch (error) {
    throw cacheProblem(file, error);
  }

  async function write(handle: FileHandle, partial?: PartialFile): Promise<void> {
    const { key, bytes } = wanted;
    const before = partial?.marked as { done: number; state: unknown } | undefined;
    let done = before?.done ?? 0;
    let lastMark = Date.now();
    const show = () => progress?.(`packing ${recipe.name}`, done, recipe.capacity);
    const stride = strideOf(wanted);
    const writer: PackWriter = {
      async put(at, images) {
        await writeAll(handle, format === SEALED ? sealed(images, bytes) : images, at * stride);
        done += images.length / bytes;
        show();
      },
      marked: before?.state,
      async mark(state) {
        if (partial === undefined || Date.now() - lastMark < MARK_MS) return;
        await partial.mark({ done, state });
        lastMark = Date.now();
      },
    };
    const { count, meta } = await recipe.make(writer);
    if (done < recipe.capacity) {
      const all = Number.isFinite(recipe.capacity) ? recipe.capacity : count;
      progress?.(`packing ${recipe.name}`, all, all); // what was skipped is done too: the display ends
    }
    const hashed = format === SEALED ? 0 : count * bytes;
    const sha256 = await digest(handle, hashed, meta);
    const footer = Buffer.from(JSON.stringify({ format, key, count, meta, sha256 } satisfies Footer));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.length);
    await writeAll(handle, Buffer.concat([footer, length]), count * stride);
    await handle.truncate(count * stride + footer.length + 4); // a killed process may have written beyond
    await handle.sync();
  }
}

const strideOf = ({ format, bytes }: Wanted): number => (format === SEALED ? bytes + SEAL : bytes);

/** What JSON.stringify gives of a value, in pieces: of millions of files it would be too long for a string. */
function* jsonPieces(value: unknown, levels = 3): Generator<string> {
  if (levels > 0 && Array.isArray(value)) {
    yield "[";
    for (const [i, item] of value.entries()) {
      if (i > 0) yield ",";
      yield* jsonPieces(item, levels - 1);
    }
    yield "]";
  } else if (levels > 0 && value !== null && typeof value === "object") {
    const known = Object.entries(value).filter(([, item]) => item !== undefined);
    for (const [i, [name, item]] of known.entries()) {
      yield `${i === 0 ? "{" : ","}${JSON.stringify(name)}:`;
      yield* jsonPieces(item, levels - 1);
    }
    yield known.length === 0 ? "{}" : "}";
  } else yield JSON.stringify(value) ?? "null";
}

/** The packed file, or undefined where there is none that is whole. */
async function openFile(wanted: Wanted): Promise<Packed | undefined> {
  const { file, format, bytes } = wanted;
  const handle = await open(file, "r").catch(() => undefined);
  if (handle === undefined) return undefined;
  const footer = await readFooter(handle, wanted).catch(() => undefined);
  const isSealed = format === SEALED;
  const size = (footer?.count ?? 0) * bytes;
  const isFew = !isSealed || (footer?.count ?? 0) <= CHECKED_AT_ONCE;
  const images = size < IN_MEMORY && isFew ? new Uint8Array(size) : undefined;
  const into = isSealed ? undefined : images;
  const sha256 =
    footer && (await digest(handle, isSealed ? 0 : size, footer.meta, into).catch(() => undefined));
  if (footer === undefined || sha256 !== footer.sha256) {
    await handle.close();
    return undefined;
  }
  const { count, meta } = footer;
  const readRows = isSealed ? sealedRows : plainRows;
  if (images === undefined) {
    const read = (rows: ArrayLike<number>) => readRows(handle, file, rows, bytes);
    return { count, meta, file, read, inRuns: true, close: () => handle.close() };
  }
  const held = isSealed
    ? await sealedRows(handle, file, range(0, count), bytes).catch(() => undefined)
    : images;
  await handle.close();
  return held && { count, meta, file, ...memoryStore(held, bytes), close: async () => {} };
}

async function readFooter(handle: FileHandle, wanted: Wanted): Promise<Footer | undefined> {
  const { size } = await handle.stat();
  const length = (await readAt(handle, 4, size - 4)).readUInt32LE();
  if (length > size - 4) return undefined;
  const footer = JSON.parse((await readAt(handle, length, size - 4 - length)).toString()) as Footer;
  const isWhole =
    footer.format === wanted.format &&
    footer.key === wanted.key &&
    footer.count * strideOf(wanted) === size - 4 - length;
  return isWhole ? footer : undefined;
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

type ReadRows = (
  handle: FileHandle,
  file: string,
  rows: ArrayLike<number>,
  bytes: number,
) => Promise<Uint8Array>;

/** The images of `rows`, each checked. */
const sealedRows: ReadRows = async (handle, file, rows, bytes) => {
  const images = new Uint8Array(rows.length * bytes);
  const read = (first: number, count: number) =>
    readAt(handle, count * (bytes + SEAL), first * (bytes + SEAL));
  try {
    const take = (image: Uint8Array, n: number) => images.set(image, n * bytes);
    await eachRecord({ bytes, perFile: Number.POSITIVE_INFINITY, read }, rows, take);
    return images;
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw unreadable(file, error as Error);
    throw new DataError(
      `${file}: image ${error.row} is damaged: its checksum is wrong. Remove the file and start again: it is then made anew.`,
    );
  }
};

/** The images of `rows`; one positioned read for each run of consecutive rows. */
const plainRows: ReadRows = async (handle, file, rows, bytes) => {
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
  throw unreadable(file, failed.reason as Error);
};

const unreadable = (file: string, { message }: Error): DataError =>
  new DataError(`${file}: can't be read any more (${message}). Start again: it is then made anew.`);
