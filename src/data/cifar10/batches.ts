import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { DataError } from "../../errors.ts";
import { PickledArray, readNumpyPickle } from "../../formats/numpy_pickle.ts";
import { tarMembers } from "../../formats/tar.ts";
import { findFile } from "../paths.ts";
import type { Classified } from "../small_images.ts";

export const SIDE = 32;
const PLANE = SIDE * SIDE;
const PIXELS = 3 * PLANE;
/** A class and the red, the green and the blue plane. */
const RECORD = 1 + PIXELS;
/** The last of the batches. */
export const TEST = "test_batch";
const BATCHES = [...[1, 2, 3, 4, 5].map((i) => `data_batch_${i}`), TEST];
/** Most that an archive is unpacked to: it is 184 MB. */
const MAX_BYTES = 2 ** 29;

/** One of the two versions: where its files may lie, how they are called and read. */
interface Version {
  readonly folder: string;
  readonly archives: readonly string[];
  file(batch: string): string;
  read(bytes: Uint8Array, file: string): Classified;
}

const VERSIONS: readonly Version[] = [
  {
    folder: "cifar-10-batches-bin",
    archives: ["cifar-10-binary.tar.gz", "cifar-10-binary.tar"],
    file: (batch) => `${batch}.bin`,
    read: readRecords,
  },
  {
    folder: "cifar-10-batches-py",
    archives: ["cifar-10-python.tar.gz", "cifar-10-python.tar"],
    file: (batch) => batch,
    read: readPickled,
  },
];

/**
 * The six batches by name, of the version that is there: its files, in `folder` or their own below it, or its archive.
 *
 * @throws DataError where one is missing, or is another file
 */
export async function* batches(folder: string): AsyncGenerator<[batch: string, Classified]> {
  for (const version of VERSIONS) {
    const folders = [folder, join(folder, version.folder)];
    const has = await findFile(folders, BATCHES.map(version.file));
    const archive = has ? undefined : await findFile(folders, version.archives);
    if (has === undefined && archive === undefined) continue;
    const bytesOf = archive ? await inArchive(archive) : inFolders(folders);
    for (const batch of BATCHES) {
      const [file, bytes] = await bytesOf(version.file(batch));
      yield [batch, version.read(bytes, file)];
    }
    return;
  }
  throw missing("data_batch_1.bin", folder);
}

type BytesOf = (name: string) => Promise<[file: string, bytes: Uint8Array]>;

const missing = (name: string, folder: string) =>
  new DataError(
    `data_params.data_path: expected ${name} in ${folder}, got no such file. It is in the archive, from https://www.cs.toronto.edu/~kriz/cifar.html.`,
  );

function inFolders(folders: readonly string[]): BytesOf {
  return async (name) => {
    const file = await findFile(folders, [name]);
    if (file === undefined) throw missing(name, folders[0]!);
    return [file, await read(file)];
  };
}

async function inArchive(archive: string): Promise<BytesOf> {
  const packed = await read(archive);
  const all = archive.endsWith(".gz") ? await unzip(archive, packed) : packed;
  const members = new Map<string, Uint8Array>();
  const readAt = async (at: number, length: number) => all.subarray(at, at + length);
  for await (const { name, offset, size } of tarMembers(readAt, all.length, archive))
    members.set(name.slice(name.lastIndexOf("/") + 1), all.subarray(offset, offset + size));
  return async (name) => {
    const bytes = members.get(name);
    if (bytes === undefined) throw missing(name, archive);
    return [`${archive}: ${name}`, bytes];
  };
}

const inflate = promisify(gunzip);
const unzip = (file: string, bytes: Uint8Array) =>
  inflate(bytes, { maxOutputLength: MAX_BYTES }).catch((error: Error) => {
    throw new DataError(`${file}: damaged gzip file: ${error.message}. Download it again.`, { cause: error });
  });

const read = (file: string) =>
  readFile(file).catch((error: Error) => {
    throw new DataError(`${file}: can't be read: ${error.message}`, { cause: error });
  });

/** The binary version: records of a class and the image's planes. */
function readRecords(bytes: Uint8Array, file: string): Classified {
  if (bytes.length === 0 || bytes.length % RECORD !== 0) {
    throw new DataError(
      `${file}: expected whole records of ${RECORD} bytes, got ${bytes.length} bytes. Download the archive again.`,
    );
  }
  const count = bytes.length / RECORD;
  const classes = Uint8Array.from({ length: count }, (_, n) => bytes[n * RECORD]!);
  checkClasses(classes, file);
  const images = new Uint8Array(count * PIXELS);
  for (let n = 0; n < count; n++) unpack(bytes.subarray(n * RECORD + 1, (n + 1) * RECORD), images, n);
  return { images, classes };
}

/** The Python version: a pickle of `{data: uint8 [n, 3072], labels: [n]}`, written by Python 2. */
function readPickled(bytes: Uint8Array, file: string): Classified {
  const found = readNumpyPickle(bytes, file);
  const [data, labels] = found instanceof Map ? [found.get("data"), found.get("labels")] : [];
  if (!(data instanceof PickledArray) || data.dtype !== "u1" || !Array.isArray(labels))
    throw new DataError(`${file}: expected a dict of data and labels, got another pickle. Is it CIFAR-10's?`);
  const [count = 0, width] = data.shape;
  const whole = data.shape.length === 2 && width === PIXELS && data.bytes.length === count * PIXELS;
  if (!whole || labels.length !== count || count === 0)
    throw new DataError(
      `${file}: expected images of ${PIXELS} values and a label each, got ${data.shape.join("x")} values and ${labels.length} labels.`,
    );
  checkClasses(labels, file);
  const images = new Uint8Array(count * PIXELS);
  for (let n = 0; n < count; n++) unpack(data.bytes.subarray(n * PIXELS, (n + 1) * PIXELS), images, n);
  return { images, classes: Uint8Array.from(labels) };
}

function checkClasses(classes: ArrayLike<number>, file: string): void {
  for (let n = 0; n < classes.length; n++) {
    const found = classes[n]!;
    if (Number.isInteger(found) && found >= 0 && found <= 9) continue;
    throw new DataError(
      `${file}: expected classes from 0 to 9, got ${found} in record ${n}. Is it CIFAR-10's?`,
    );
  }
}

/** Planes one after another become image `n`, channels side by side. */
function unpack(planes: Uint8Array, images: Uint8Array, n: number): void {
  let to = n * PIXELS;
  for (let i = 0; i < PLANE; i++) {
    images[to++] = planes[i]!;
    images[to++] = planes[i + PLANE]!;
    images[to++] = planes[i + 2 * PLANE]!;
  }
}
