import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { libraryFolder } from "../../src/backends/tensorflow/library.ts";

const NAMES = ["TFJS_VAE_CACHE", "TFJS_VAE_TENSORFLOW"];

/** Gives each test of the file a user's cache of its own, empty, and no library named otherwise. */
export function ownCache(): { folder: string } {
  const before = NAMES.map((name) => [name, process.env[name]] as const);
  const own = { folder: "" };
  beforeEach(() => {
    own.folder = mkdtempSync(join(tmpdir(), "vae-cache-"));
    process.env.TFJS_VAE_CACHE = own.folder;
    delete process.env.TFJS_VAE_TENSORFLOW;
  });
  afterEach(() => {
    rmSync(own.folder, { recursive: true, force: true });
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  return own;
}

/** What lies beside the library's folder in the cache: what was left of attempts. */
export function leftovers(): string[] {
  const target = libraryFolder();
  mkdirSync(dirname(target), { recursive: true });
  return readdirSync(dirname(target)).filter((name) => name !== basename(target));
}
