import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { MANIFEST, type Manifest, wholeLibrary } from "../backends/tensorflow/library.ts";
import { isTemporaryFor, makeWhole, writeAtomic } from "../files/atomic_file.ts";
import { cacheProblem } from "../files/cache_dir.ts";
import { removeAbandoned } from "../files/temporary.ts";

/** After that long a folder that another computer left in a shared cache is taken for abandoned. */
const ABANDONED_AFTER = 24 * 3600 * 1000;

/**
 * Makes `target` a folder with what `fill` writes and its manifest, whole or not at all: all is written into a
 * folder beside it, which is then renamed. Where another process was faster its folder stays (unless `replace`).
 * The folder of a process that failed is removed at once, that of one that was killed by the next.
 *
 * @throws UserError where the cache can't be written, and what `fill` throws
 */
export async function stage(
  target: string,
  fill: (folder: string) => Promise<Manifest>,
  { replace = false } = {},
): Promise<Manifest> {
  const make = async (folder: string) => {
    try {
      await mkdir(dirname(target), { recursive: true });
      await removeAbandoned(dirname(target), (name) => isTemporaryFor(target, name), ABANDONED_AFTER);
      await mkdir(folder);
    } catch (error) {
      throw cacheProblem(target, error);
    }
    const manifest = await fill(folder);
    await writeAtomic(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  };
  return makeWhole(target, make, (folder, manifest) => takePlace(folder, target, manifest, replace));
}

async function takePlace(folder: string, target: string, manifest: Manifest, replace: boolean) {
  for (let mayReplace = replace; ; mayReplace = false) {
    try {
      await rename(folder, target);
      return manifest;
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? ""))
        throw cacheProblem(target, error);
    }
    const other = mayReplace ? undefined : wholeLibrary(target);
    if (other !== undefined) return other;
    // Moved first: whoever has the old library loaded keeps it, and no one finds half of one.
    await rename(target, `${folder}.old`).catch(() => {});
    await rm(`${folder}.old`, { recursive: true, force: true }).catch(() => {});
  }
}
