import { isAbsolute, relative, resolve } from "node:path";
import type { DatasetDefinition } from "../data/define.ts";
import { getDataset } from "../data/registry.ts";
import type { ModelDefinition } from "../models/define.ts";
import { getModel } from "../models/registry.ts";
import { expandHome } from "../process/home_folder.ts";
import { composeSchema } from "./compose.ts";
import { namesFile, textsOf } from "./marks.ts";
import { formatPath, type Path, type Positions } from "./positions.ts";
import type { Config } from "./schema.ts";

/** What the names in a config mean; left out: the project's definitions of these names. */
interface Definitions {
  readonly model?: ModelDefinition | undefined;
  readonly dataset?: DatasetDefinition | undefined;
}

/**
 * The config with every relative file name, as the schemas mark them, rewritten to start from the folder `to`, where it
 * started from `from(path)`. Absolute names stay; `~` is expanded.
 */
export function rebasePaths(
  config: Config,
  from: (path: Path) => string,
  to: string,
  { model, dataset }: Definitions = {},
): Config {
  const schema = composeSchema(
    model ?? getModel(config.model_params.name),
    dataset ?? getDataset(config.data_params.name),
  );
  const moved = structuredClone(config);
  for (const { path, text } of textsOf(schema, config, namesFile)) {
    const name = expandHome(text, formatPath(path));
    const stays = isAbsolute(name) || resolve(from(path)) === resolve(to);
    setAt(moved, path, stays ? name : relative(to, resolve(from(path), name)) || ".");
  }
  return moved;
}

function setAt(root: object, path: Path, value: string): void {
  const parent = path
    .slice(0, -1)
    .reduce<unknown>((inner, key) => (inner as Record<string, unknown>)[key], root);
  (parent as Record<string, unknown>)[path.at(-1)!] = value;
}

/** The config with file names that a base in another folder or `--set` gave rewritten to start from `baseDir`. */
export function rebaseInherited(
  config: Config,
  positions: Positions,
  baseDir: string,
  definitions?: Definitions,
): Config {
  return rebasePaths(config, (path) => positions.value(path).dir, baseDir, definitions);
}
