import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { writeAtomic, writeProblem } from "../atomic_file.ts";
import { MANIFEST, type Manifest, wholeLibrary } from "../backends/tensorflow/library.ts";

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
  const folder = `${target}.tmp-${process.pid}-${randomBytes(4).toString("hex")}@${hostname()}`;
  try {
    await mkdir(dirname(target), { recursive: true });
    await removeLeftovers(target);
    await mkdir(folder);
  } catch (error) {
    throw writeProblem(target, error);
  }
  try {
    const manifest = await fill(folder);
    await writeAtomic(join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    return await takePlace(folder, target, manifest, replace);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function takePlace(folder: string, target: string, manifest: Manifest, replace: boolean) {
  for (let mayReplace = replace; ; mayReplace = false) {
    try {
      await rename(folder, target);
      return manifest;
    } catch (error) {
      if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? ""))
        throw writeProblem(target, error);
    }
    const other = mayReplace ? undefined : wholeLibrary(target);
    if (other !== undefined) return other;
    // Moved first: whoever has the old library loaded keeps it, and no one finds half of one.
    await rename(target, `${folder}.old`).catch(() => {});
    await rm(`${folder}.old`, { recursive: true, force: true }).catch(() => {});
  }
}

/** Removes the folders that killed processes left beside `target`. */
async function removeLeftovers(target: string): Promise<void> {
  const prefix = `${basename(target)}.tmp-`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const path = join(dirname(target), name);
    if (await abandoned(path, name.slice(prefix.length)))
      await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

async function abandoned(path: string, owner: string): Promise<boolean> {
  const [, pid, host] = /^(\d+)-[0-9a-f]+@(.*?)(?:\.old)?$/.exec(owner) ?? [];
  if (host === hostname() && !runs(Number(pid))) return true;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
  return Date.now() - mtimeMs > ABANDONED_AFTER;
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
