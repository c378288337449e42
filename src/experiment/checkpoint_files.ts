import { copyFile, link, readdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { writeAtomic } from "../atomic_file.ts";

/** The checkpoint that `--resume` goes on from. */
export const LAST = "last.safetensors";
/** The checkpoint with the best value of the monitored metric. */
export const BEST = "best.safetensors";

const numbered = (step: number): string => `step_${String(step).padStart(8, "0")}.safetensors`;

/**
 * Writes `bytes` as the last checkpoint of `folder`, as its best where `best`, and keeps the newest `keepLast`
 * under their step's number. The further names are hard links where the file system has them.
 */
export async function saveCheckpoint(
  folder: string,
  bytes: Uint8Array,
  options: { step: number; best: boolean; keepLast: number },
): Promise<void> {
  const last = join(folder, LAST);
  await writeAtomic(last, bytes);
  if (options.best) await writeAtomic(join(folder, BEST), bytes);
  if (options.keepLast > 0) {
    const name = join(folder, numbered(options.step));
    await unlink(name).catch(() => {});
    await link(last, name).catch(() => copyFile(last, name));
    const old = (await readdir(folder)).filter((f) => /^step_\d+\.safetensors$/.test(f)).sort();
    for (const file of old.slice(0, -options.keepLast)) await unlink(join(folder, file));
  }
}
