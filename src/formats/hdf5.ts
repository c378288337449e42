import { DataError } from "../errors.ts";

/** Rows of a data set of unsigned bytes in an HDF5 file. */
export interface Hdf5Rows {
  readonly shape: readonly number[];
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
  let opened: InstanceType<typeof File>;
  try {
    opened = new File(file, "r");
  } catch (cause) {
    throw new DataError(`${file}: expected an HDF5 file: ${(cause as Error).message}. Get it again.`, {
      cause,
    });
  }
  const found = opened.get(name);
  if (!(found instanceof Dataset) || found.dtype !== "<B" || found.shape === null) {
    const keys = opened.keys().join(", ");
    opened.close();
    throw new DataError(`${file}: expected bytes in "${name}", got ${keys}.`);
  }
  const { shape } = found;
  return {
    shape,
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
