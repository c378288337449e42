import { open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import yauzl from "yauzl";
import { checkRoom } from "../../download/disk.ts";
import { type OnProgress, unpack } from "../../download/unpack.ts";
import type { Wheel } from "./wheels.ts";

/** A wheel's own description and licences. */
const DESCRIPTION = /\.dist-info\/(METADATA|licenses\/|LICENSE)/;

/**
 * Sizes by path of what of a wheel is needed, unpacked into `folder` under its own paths, as pip lays it out: plugins look
 * for libraries beside themselves.
 *
 * @throws DataError where it is damaged, UserError where the disk is full
 */
export async function unpackWheel(
  file: string,
  { take }: Wheel,
  folder: string,
  { onProgress, signal }: { onProgress?: OnProgress | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Record<string, number>> {
  const handle = await open(file);
  try {
    const zip = await yauzl.fromFdPromise(handle.fd, { autoClose: false });
    const entries: yauzl.Entry[] = [];
    for await (const entry of zip.eachEntry()) {
      const { fileName } = entry;
      if (!fileName.endsWith("/") && (take.test(fileName) || DESCRIPTION.test(fileName))) entries.push(entry);
    }
    await checkRoom(
      dirname(folder),
      entries.reduce((sum, e) => sum + e.uncompressedSize, 0),
    );
    return await unpack(zip, entries, { archive: basename(file), folder, paths: true, onProgress, signal });
  } finally {
    await handle.close();
  }
}
