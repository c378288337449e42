import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { cacheDir } from "../../src/files/cache_dir.ts";

/** Longer than any environment takes to be made, in milliseconds: whoever holds its lock so long is gone. */
const ABANDONED = 300_000;

/**
 * The python3 of an environment with packages, by pip's names of them, made once in the user's cache: by one test file,
 * while others that want it wait.
 */
export function pythonWith(
  name: string,
  wanted: string | readonly string[],
  isReady: (python: string) => boolean,
): string {
  const folder = cacheDir("test-python", name);
  const python = join(folder, "bin", "python3");
  const release = lock(`${folder}.lock`);
  try {
    if (existsSync(python) && isReady(python)) return python;
    execFileSync("python3", ["-m", "venv", "--clear", folder], { stdio: "inherit" });
    const install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"].concat(wanted);
    execFileSync(python, install, { stdio: "inherit" });
    return python;
  } finally {
    release();
  }
}

/** Makes the folder that is the lock, as only one can. */
function lock(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true });
  for (;;) {
    try {
      mkdirSync(path);
      return () => rmdirSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const since = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (since !== undefined && Date.now() - since > ABANDONED) rmdirSync(path);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
}
