import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { PLATFORMS, type XlaPlatform } from "./platforms.ts";

/** A plugin's library among Python's packages, and its version as far as the folder says. */
export interface PackagedPlugin {
  readonly file: string;
  readonly version: string | undefined;
}

/** The plugin of a platform in a folder of Python packages, as pip fills it. */
export function inPackages(folder: string, platform: XlaPlatform): PackagedPlugin | undefined {
  const { files, wheel } = PLATFORMS[platform];
  for (const pattern of files) {
    const file = matching(folder, pattern.split("/"));
    if (file !== undefined) return { file, version: versionOf(folder, wheel) };
  }
  return undefined;
}

/** The file that a pattern names, a part a folder; the greatest where several do. */
function matching(folder: string, [part, ...rest]: readonly string[]): string | undefined {
  if (part === undefined) return statSync(folder, { throwIfNoEntry: false })?.isFile() ? folder : undefined;
  const pattern = new RegExp(`^${part.replaceAll(".", "\\.").replaceAll("*", "\\d*")}$`);
  const names = list(folder).filter((name) => pattern.test(name));
  names.sort((a, b) => b.localeCompare(a, "en", { numeric: true }));
  for (const name of names) {
    const found = matching(join(folder, name), rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

function versionOf(folder: string, wheel: RegExp): string | undefined {
  for (const name of list(folder)) {
    const [, distribution, version] = /^(.+)-([^-]+)\.dist-info$/.exec(name) ?? [];
    if (distribution !== undefined && wheel.test(distribution)) return version;
  }
  return undefined;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
