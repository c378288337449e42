import { dirname, resolve } from "node:path";
import { readWithBases } from "./extends.ts";
import { merge } from "./located.ts";
import { fromOldLayout } from "./old_layout.ts";
import { parseOverride } from "./overrides.ts";
import { rebaseInherited } from "./paths.ts";
import { loadPlugins, pluginFiles } from "./plugins.ts";
import { projectRegistries, type Registries } from "./registries.ts";
import { type Validated, validate } from "./validate.ts";

export interface LoadOptions {
  /** Arguments of `--set`, laid over the file in order. */
  readonly set?: readonly string[];
  /** Default: the project's; plugins are registered in it. */
  readonly registries?: Registries;
  /** What a plugin's function is called with. */
  readonly pluginApi?: () => Promise<unknown>;
}

/** `config`: relative file names in it start from `baseDir`. */
export interface LoadedConfig extends Validated {
  /** The file, then those that it extends. */
  readonly files: readonly string[];
  /** Folder of the file. */
  readonly baseDir: string;
}

/**
 * The config of a YAML file: laid over what it `extends`, `set` laid over it, its plugins registered, checked and
 * filled with defaults.
 *
 * @throws ConfigError with every mistake found, its place, what was expected and got.
 */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  const { root: written, files } = readWithBases(file);
  const { root, notes } = fromOldLayout(written);
  const whole = (options.set ?? []).map(parseOverride).reduce(merge, root);
  const registries = options.registries ?? (await projectRegistries());
  await loadPlugins(pluginFiles(whole), registries, options.pluginApi ?? projectApi);
  const valid = validate(whole, registries, files);
  const baseDir = dirname(resolve(file));
  const all = [...notes, ...valid.notes];
  return {
    ...valid,
    notes: all,
    config: rebaseInherited(valid.config, valid.positions, baseDir, valid),
    files,
    baseDir,
  };
}

const projectApi = async () => (await import("../plugin_api.ts")).pluginApi;
