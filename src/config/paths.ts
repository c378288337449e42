import { isAbsolute, relative, resolve } from "node:path";
import { namesFile } from "../features/sources/source.ts";
import { expandHome } from "../process/home_folder.ts";
import type { Path, Positions } from "./positions.ts";
import type { Config } from "./schema.ts";

/** Keys whose text names a file or folder. */
const FILE_KEYS: readonly Path[] = [
  ["data_params", "data_path"],
  ["model_params", "feature_network", "weights"],
];

/**
 * The config with every relative file name rewritten to start from the folder `to`, where it started from
 * `from(path)`. Absolute names stay; `~` is expanded.
 */
export function rebasePaths(config: Config, from: (path: Path) => string, to: string): Config {
  const moved = structuredClone(config) as Config & {
    plugins?: string[];
    logging_params: { save_dir: string };
  };
  const move = (path: Path, written: string) => {
    const name = expandHome(written, path.join("."));
    return isAbsolute(name) || resolve(from(path)) === resolve(to)
      ? name
      : relative(to, resolve(from(path), name)) || ".";
  };
  for (const path of FILE_KEYS) {
    const parent = path.slice(0, -1).reduce<unknown>((v, key) => Object(v)[key], moved) as Record<
      string,
      unknown
    >;
    const key = String(path.at(-1));
    const name = Object(parent)[key];
    if (typeof name === "string" && (key !== "weights" || namesFile(name))) parent[key] = move(path, name);
  }
  if (moved.plugins) moved.plugins = moved.plugins.map((name, i) => move(["plugins", i], name));
  return moved;
}

/** The config with file names that a base in another folder or `--set` gave rewritten to start from `baseDir`. */
export function rebaseInherited(config: Config, positions: Positions, baseDir: string): Config {
  return rebasePaths(config, (path) => positions.value(path).dir, baseDir);
}
