import { dirname, join, resolve } from "node:path";
import { overItsBases, readWithBases } from "./extends.ts";
import { type Located, merge } from "./located.ts";
import { locateObject, OBJECT } from "./object.ts";
import { fromOldLayout } from "./old_layout.ts";
import { parseOverride } from "./overrides.ts";
import { rebaseInherited } from "./paths.ts";
import { loadPlugins, pluginFiles } from "./plugins.ts";
import { resolveReferences } from "./references.ts";
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
  /**
   * The files, the one that stands over the others first, each followed by those that it extends; what a program gave stands
   * for the first.
   */
  readonly files: readonly string[];
  /** Folder of the first of `files`, or that the program names. */
  readonly baseDir: string;
}

/** A config as it is written, before anything of it is checked. */
export interface WrittenConfig {
  readonly root: Located;
  readonly files: readonly string[];
  /** What was read otherwise than it stands: a sentence each. */
  readonly notes: readonly string[];
}

/**
 * The config of a YAML file, or of several of which each is laid over those before it: laid over what they `extends`,
 * `set` laid over it, its plugins registered, checked and filled with defaults.
 *
 * @throws ConfigError with every mistake found, its place, what was expected and got.
 */
export async function loadConfig(
  file: string | readonly string[],
  options: LoadOptions = {},
): Promise<LoadedConfig> {
  const written = readConfigs([file].flat(), options.set);
  return loaded(written, dirname(resolve(written.files[0]!)), options);
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
  return loaded(laidOver(root, [OBJECT, ...files], options.set), dir, options);
}

async function loaded(
  { root: written, files, notes }: WrittenConfig,
  baseDir: string,
  options: LoadOptions,
): Promise<LoadedConfig> {
  const root = resolveReferences(written, files);
  const registries = options.registries ?? (await projectRegistries());
  await loadPlugins(pluginFiles(root), registries, options.pluginApi ?? projectApi);
  const valid = validate(root, registries, files);
  const all = [...notes, ...valid.notes];
  return {
    ...valid,
    notes: all,
    config: rebaseInherited(valid.config, valid.positions, baseDir, valid),
    files,
    baseDir,
  };
}

/**
 * Files, each laid over its bases and those before it, and `set` over all.
 *
 * @throws ConfigError where one can't be read, or is no YAML
 */
export function readConfigs(files: readonly string[], set: readonly string[] = []): WrittenConfig {
  const read = files.map((file) => readWithBases(file));
  const over = read.toReversed().flatMap(({ files }) => files);
  return laidOver(read.map(({ root }) => root).reduce(merge), [...new Set(over)], set);
}

/** `set` over a config of the older layout or today's. */
function laidOver(written: Located, files: readonly string[], set: readonly string[] = []): WrittenConfig {
  const { root, notes } = fromOldLayout(written);
  return { root: set.map(parseOverride).reduce(merge, root), files, notes };
}

const projectApi = async () => (await import("../plugin_api.ts")).pluginApi;
