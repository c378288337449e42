import { stat } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Entry } from "yauzl";
import { DataError } from "../../errors.ts";
import { listImages } from "../image_folder/files.ts";
import type { ImageFile } from "../image_folder/listing.ts";

export const IMAGES = "img_align_celeba";
/** No aligned face takes as much: what is larger is another file. */
const LARGEST = 1 << 24;

/** The aligned images, in a folder or in a zip. */
export interface CelebaImages {
  /** The folder, or the zip. */
  readonly path: string;
  /** By name without folders, in order of name. */
  readonly files: ReadonlyMap<string, ImageFile>;
  /** Bytes of an image of a zip. */
  readonly read?: (path: string) => Promise<Uint8Array>;
  close(): void;
}

/** The images that lie in one of `folders`; undefined where there are none. @throws DataError for a damaged zip */
export async function openImages(folders: readonly string[]): Promise<CelebaImages | undefined> {
  for (const folder of folders) {
    const path = join(folder, IMAGES);
    if ((await stat(path).catch(() => undefined))?.isDirectory()) {
      const { files } = await listImages(path, ["*.jpg", `${IMAGES}/*.jpg`]); // as some unpack it
      if (files.length > 0) return { path, files: byName(files), close: () => {} };
    }
    const zip = `${path}.zip`;
    const info = await stat(zip).catch(() => undefined);
    if (info?.isFile()) return openZip(zip, info.mtimeMs);
  }
  return undefined;
}

const byName = (files: readonly ImageFile[]) =>
  new Map(files.map((file) => [file.path.slice(file.path.lastIndexOf("/") + 1), file]));

async function openZip(path: string, mtime: number): Promise<CelebaImages> {
  const damaged = (error: Error) => {
    throw new DataError(`${path}: can't be read as a zip (${error.message}). Get it again.`, {
      cause: error,
    });
  };
  const { default: yauzl } = await import("yauzl"); // checking a config need not load it
  const zip = await yauzl.openPromise(path, { autoClose: false }).catch(damaged);
  const entries = new Map<string, Entry>();
  try {
    for await (const entry of zip.eachEntry())
      if (/\.jpe?g$/i.test(entry.fileName)) entries.set(entry.fileName, entry);
  } catch (error) {
    zip.close();
    return damaged(error as Error);
  }
  const files = [...entries.values()].map(
    (entry): ImageFile => ({ path: entry.fileName, size: entry.uncompressedSize, mtime, readable: 0o444 }),
  );
  return {
    path,
    files: byName(files.sort((a, b) => (a.path < b.path ? -1 : 1))),
    close: () => zip.close(),
    async read(name) {
      const entry = entries.get(name)!;
      if (entry.uncompressedSize > LARGEST)
        throw new Error(`${entry.uncompressedSize} bytes, no aligned face`);
      return buffer(await zip.openReadStreamPromise(entry));
    },
  };
}
