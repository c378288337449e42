import { open } from "node:fs/promises";
import { DataError } from "../errors.ts";
import { fill } from "../files/positional_file.ts";

const SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");

/** Rows of a data set of unsigned bytes in an HDF5 file. */
export interface Hdf5Rows {
  readonly shape: readonly number[];
  /** Rows that are stored, and unpacked, together. */
  readonly together: number;
  /** Rows `from` to `to`, packed. */
  read(from: number, to: number): Uint8Array;
  close(): void;
}

/**
 * The data set `name` of an HDF5 file, read from the disk by parts. The library that reads it, h5wasm (15 MB), is installed
 * by who needs it.
 *
 * @throws DataError where it is not installed, or the file is another one
 */
export async function openHdf5(file: string, name: string): Promise<Hdf5Rows> {
  const { File, Dataset, ready } = await load(file);
  await ready;
  const opened = (await isHdf5(file)) ? new File(file, "r") : undefined; // the library writes a trace for another
  if (opened === undefined || opened.file_id < 0n)
    throw new DataError(`${file}: expected an HDF5 file, got another one. Get it again.`);
  const found = opened.keys().includes(name) ? opened.get(name) : undefined;
  if (!(found instanceof Dataset) || found.dtype !== "<B" || found.shape === null) {
    const keys = opened.keys().join(", ");
    opened.close();
    throw new DataError(`${file}: expected bytes in "${name}", got ${keys}.`);
  }
  const { shape } = found;
  return {
    shape,
    together: found.metadata.chunks?.[0] ?? 1,
    read: (from, to) => found.slice([[from, to]]) as Uint8Array,
    close: () => void opened.close(),
  };
}

async function load(file: string) {
  try {
    return await import("h5wasm/node"); // 4 MB that nothing else needs
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new DataError(`${file}: HDF5 needs a library that is not installed. Type: npm install h5wasm`, {
      cause,
    });
  }
}

async function isHdf5(file: string): Promise<boolean> {
  const start = Buffer.alloc(SIGNATURE.length);
  const handle = await open(file);
  try {
    await fill(handle, start, 0).catch(() => {}); // it may be shorter
  } finally {
    await handle.close();
  }
  return start.equals(SIGNATURE);
}
