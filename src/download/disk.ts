import { existsSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError } from "../errors.ts";
import { bytesText } from "../text/numbers.ts";

/** @throws EngineError where the disk of `folder`, which need not exist yet, has less than `bytes` left */
export async function checkRoom(folder: string, bytes: number): Promise<void> {
  let there = folder;
  while (!existsSync(there) && dirname(there) !== there) there = dirname(there);
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new EngineError(
    `${folder}: ${bytesText(bytes)} are needed, ${bytesText(free)} are free. Make room, or name a folder on another disk in TFJS_VAE_CACHE.`,
  );
}
