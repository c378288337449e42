import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** vitest's globalSetup: one folder for everything that tests leave among temporary files, which goes with them. */
export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "tfjs-vae-tests-"));
  chmodSync(folder, 0o1777); // as that of temporary files: some tests are of other users
  process.env.NODE_COMPILE_CACHE ??= join(tmpdir(), "node-compile-cache"); // of Node itself, of use to the next run
  for (const name of ["TMPDIR", "TEMP", "TMP"]) process.env[name] = folder; // Linux's and macOS'; Windows'
  return () => rmSync(folder, { recursive: true, force: true });
}
