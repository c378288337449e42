import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout. */
export const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, "node_modules/.cache/tfjs-vae");
const WEEK_MS = 7 * 24 * 3600e3;

/** The files below a folder of the checkout with one of these endings, in order. */
export async function sourcesIn(folder, endings) {
  const names = (await readdir(join(root, folder), { recursive: true })).map((f) => f.replaceAll("\\", "/"));
  return names
    .filter((f) => endings.some((ending) => f.endsWith(ending)))
    .sort()
    .map((f) => `${folder}/${f}`);
}

/**
 * The folder, in the checkout's cache, of what `build` makes of `files`: made once for each state of them and of the
 * packages; old ones are removed after a week.
 *
 * @param prefix of its name
 * @param build writes into the folder that it is given
 */
export async function cachedBuild({ prefix = "", files, build }) {
  const folder = join(cache, prefix + (await stateOf(files)));
  const there = () => stat(folder).catch(() => undefined);
  if (await there()) return folder;
  const temporary = `${folder}.${randomBytes(6).toString("hex")}`;
  await mkdir(temporary, { recursive: true });
  try {
    await build(temporary);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    if (!(await there())) throw error; // another process may have been faster
  }
  await removeOld();
  return folder;
}

/** A name that changes with any of the files. */
async function stateOf(files) {
  const all = [...files, "scripts/cached_build.js", "node_modules/.package-lock.json"];
  const states = await Promise.all(
    all.map(async (file) => {
      const { mtimeMs, size } = await stat(join(root, file));
      return [file, mtimeMs, size];
    }),
  );
  return createHash("sha256")
    .update(JSON.stringify([root, states]))
    .digest("hex")
    .slice(0, 20);
}

async function removeOld() {
  for (const name of await readdir(cache)) {
    const info = await stat(join(cache, name)).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > WEEK_MS)
      await rm(join(cache, name), { recursive: true, force: true });
  }
}
