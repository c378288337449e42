import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { atEnd } from "../process/at_end.ts";
import { lifeOf, ownIdentity } from "../process/identity.ts";

/** A mark in a name, by which others see whose it is: process, hash of where its number means it, its birth, chance. */
const MARK = /(\d+)-([0-9a-f]{8})-(\d*)-[0-9a-f]{8}/;

/** A mark of this process, another one each time. */
export function ownMark(): string {
  const { pid, space, born = "" } = ownIdentity();
  return [pid, hashOf(space), /^\d+$/.test(born) ? born : "", randomBytes(4).toString("hex")].join("-");
}

/**
 * Calls `make`, which writes the file or folder `path`, and removes what is left of it then, or when this process ends
 * meanwhile, by itself or by a signal.
 */
export async function temporarily<T>(path: string, make: () => Promise<T>): Promise<T> {
  const remove = () => rmSync(path, { recursive: true, force: true });
  const forget = atEnd(remove);
  try {
    return await make();
  } finally {
    forget();
    await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

/**
 * Removes what killed processes left in `folder`, of the entries whose name `isTemporary`: where their process has
 * ended, or where nobody has written to them for `age` milliseconds and it can't be known.
 */
export async function removeAbandoned(
  folder: string,
  isTemporary: (name: string) => boolean,
  age: number,
): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!isTemporary(name)) continue;
    const path = join(folder, name);
    if (await isAbandoned(path, name, age)) await rm(path, { recursive: true, force: true }).catch(() => {});
  }
}

/** Whether nobody writes to the entry `path` of that `name` any more: as of `removeAbandoned`. */
export async function isAbandoned(path: string, name: string, age: number): Promise<boolean> {
  const [, pid, space, born] = MARK.exec(name) ?? [];
  const own = ownIdentity();
  if (pid !== undefined && space === hashOf(own.space)) {
    const life = lifeOf({ pid: Number(pid), space: own.space, born: born || undefined });
    if (life !== "unknown") return life === "ended";
  }
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > age;
}

const hashOf = (space = ""): string => createHash("sha256").update(space).digest("hex").slice(0, 8);
