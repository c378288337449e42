import { dirname, join, resolve } from "node:path";
import { overItsBases, type ReadConfig, readWithBases } from "./extends.ts";
import { merge } from "./located.ts";
import { locateObject, OBJECT } from "./object.ts";
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
  /** The file, or what stands for it where a program gave the config, then those that it extends. */
  readonly files: readonly string[];
  /** Folder of the file, or that the program names. */
  readonly baseDir: string;
}

/**
 * The config of a YAML file: laid over what it `extends`, `set` laid over it, its plugins registered, checked and
 * filled with defaults.
 *
 * @throws ConfigError with every mistake found, its place, what was expected and got.
 */
export async function loadConfig(file: string, options: LoadOptions = {}): Promise<LoadedConfig> {
  return loaded(readWithBases(file), dirname(resolve(file)), options);
}

/**
 * As `loadConfig`, of the sections that a program gives in place of a file's.
 *
 * @param baseDir folder that relative file names in them start from
 */
export async function loadConfigObject(
  sections: object,
  baseDir: string,
  options: LoadOptions = {},
): Promise<LoadedConfig> {
  const dir = resolve(baseDir);
  const { root, files } = overItsBases(locateObject(sections, dir), join(dir, OBJECT));
  return loaded({ root, files: [OBJECT, ...files] }, dir, options);
}

async function loaded(
  { root: written, files }: ReadConfig,
  baseDir: string,
  options: LoadOptions,
): Promise<LoadedConfig> {
  const { root, notes } = fromOldLayout(written);
  const whole = (options.set ?? []).map(parseOverride).reduce(merge, root);
  const registries = options.registries ?? (await projectRegistries());
  await loadPlugins(pluginFiles(whole), registries, options.pluginApi ?? projectApi);
  const valid = validate(whole, registries, files);
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
