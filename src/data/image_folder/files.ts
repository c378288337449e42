import { isAbsolute } from "node:path";
import type { Minimatch } from "minimatch";
import { ConfigError } from "../../errors.ts";
import type { OpenArgs } from "../dataset.ts";
import type { Listing } from "./listing.ts";
import { Walk } from "./walk.ts";

/** What the decoder reads, by name. */
export const IMAGE_FILES = "**/*.{jpg,jpeg,jpe,jfif,png,webp,tif,tiff,gif,avif}";

/** A listing that takes longer says how far it is. */
const PATIENCE_MS = 300;

/**
 * The files below `folder` that fit one of `patterns`, whatever the case of their letters. Links are followed, to files
 * and to folders; below each entry of `folder` a folder is listed once, so that loops end and `train/` and `val/` may
 * both lead to it.
 *
 * @throws DataError where `folder` can't be listed, ConfigError for a pattern that leads out of it
 */
export async function listImages(
  folder: string,
  patterns: readonly string[],
  progress?: OpenArgs["progress"],
): Promise<Listing> {
  const walk = new Walk(folder, await matchers(patterns), saying(folder, progress));
  return walk.run();
}

async function matchers(patterns: readonly string[]): Promise<Minimatch[]> {
  const { Minimatch } = await import("minimatch"); // checking a config need not load it
  return patterns.map((pattern) => {
    const below = pattern.replace(/^(\.\/)+/, "");
    if (isAbsolute(below) || below.split("/")[0] === "..") {
      throw new ConfigError(
        `data_params.pattern: expected a glob of files below data_path, got "${pattern}". Name the folder above them as data_path.`,
      );
    }
    return new Minimatch(below, { nocase: true });
  });
}

/** Says how many files were found, once it takes a while. */
function saying(folder: string, progress: OpenArgs["progress"]): (found: number, ended?: boolean) => void {
  const start = Date.now();
  let said = false;
  return (found, ended = false) => {
    if (ended ? !said : Date.now() - start < PATIENCE_MS) return;
    said = true;
    progress?.(`listing ${folder}`, found, ended ? found : Number.POSITIVE_INFINITY);
  };
}
