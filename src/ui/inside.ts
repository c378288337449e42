import { constants } from "node:fs";
import { type FileHandle, open, realpath } from "node:fs/promises";
import { sep } from "node:path";

/** Whether the path `real` is `root` or lies in it; both without links. */
const liesIn = (root: string, real: string): boolean =>
  real === root || real.startsWith(root.endsWith(sep) ? root : root + sep);

/**
 * The file `path`, open to read; undefined where there is none, where it is no plain file (a pipe would never end), or where
 * it is a link that leads out of `root`, a folder without links in its path.
 */
async function openInside(root: string, path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle | undefined;
  try {
    const real = await realpath(path);
    if (!liesIn(root, real)) return undefined;
    handle = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0));
    if ((await handle.stat()).isFile()) return handle;
  } catch {} // gone meanwhile, or not to be read
  await handle?.close();
  return undefined;
}

/** What `read` makes of the file; undefined as `openInside`, or where it can't be read. The file is closed after it. */
export async function withFile<T>(
  root: string,
  path: string,
  read: (handle: FileHandle) => Promise<T>,
): Promise<T | undefined> {
  const handle = await openInside(root, path);
  if (handle === undefined) return undefined;
  try {
    return await read(handle);
  } catch {
    return undefined; // a bad disk, a network drive that has gone
  } finally {
    await handle.close();
  }
}

/** Texts longer than this are no config of anybody. */
const MOST_TEXT = 4 << 20;

/** The whole text of a file; undefined as `withFile`, and where it is longer than 4 MiB. */
export const textInside = (root: string, path: string): Promise<string | undefined> =>
  withFile(root, path, async (handle) =>
    (await handle.stat()).size > MOST_TEXT ? undefined : handle.readFile("utf8"),
  );

/** Bytes `from` to `to` of a file, fewer where it is shorter. */
export async function readRange(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, to - from));
  let got = 0;
  while (got < bytes.length) {
    const { bytesRead } = await handle.read(bytes, got, bytes.length - got, from + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return bytes.subarray(0, got);
}
