import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { DatasetDefinition } from "../data/define.ts";
import { ConfigError, UserError } from "../errors.ts";
import type { ModelDefinition } from "../models/define.ts";
import { expandHome } from "../process/home_folder.ts";
import { type JsonSchema, show } from "./describe.ts";
import { formatPlace, type Located, type Place } from "./located.ts";
import { lineIn, rememberOwner, rememberParts, rememberPlugin, told } from "./plugin_faults.ts";
import type { Registries, Registry } from "./registries.ts";
import { schemaFault } from "./violations.ts";

export interface PluginFile {
  /** As written in the config. */
  readonly name: string;
  readonly place: Place;
}

/** The plugins that a config names; entries that are not file names are left to validation. */
export function pluginFiles(root: Located): PluginFile[] {
  const list = root.value instanceof Map ? root.value.get("plugins")?.value : undefined;
  if (!Array.isArray(list)) return [];
  return list.flatMap(({ value, place }: Located) =>
    typeof value === "string" && value !== "" ? [{ name: value, place }] : [],
  );
}

/** What a plugin's function made, by that function: a file loaded twice registers once. */
const made = new WeakMap<object, unknown>();

/**
 * Imports each file and registers what its default export defines: a model, a data set, a list of them, or a
 * function that is called with `api()` and returns one of these.
 *
 * @throws ConfigError where a file is missing, fails, exports something else or takes a name that is taken.
 */
export async function loadPlugins(
  files: readonly PluginFile[],
  registries: Registries,
  api: () => Promise<unknown>,
): Promise<void> {
  for (const { name, place } of files) {
    const at = `${formatPlace(place)} plugins ${name}`;
    const path = resolve(place.dir, expandHome(name, "plugins"));
    if (!existsSync(path)) throw new ConfigError(`${at}: no file ${path}. Write it relative to this config.`);
    const file = realpathSync(path); // as stacks name it
    rememberPlugin(file);
    const exported = await attempt(at, file, () => importDefault(file));
    let result = exported;
    if (typeof exported === "function") {
      const given = await api();
      rememberParts(given);
      if (!made.has(exported)) made.set(exported, await attempt(at, file, async () => exported(given)));
      result = made.get(exported);
    }
    const definitions: unknown[] = Array.isArray(result) ? result : [result];
    definitions.forEach((definition, i) => {
      register(
        definition,
        Array.isArray(result) ? `${at}: default export[${i}]` : `${at}: default export`,
        registries,
      );
      rememberOwner(definition as object, file);
    });
  }
}

/**
 * The default export of a module. TypeScript is Node's to strip where it does and can (from 22.18 and 23.6 on, but no
 * enums, and nothing in node_modules), else jiti's to compile; so is what Node would take for CommonJS.
 */
async function importDefault(path: string): Promise<unknown> {
  const typescript = /\.[cm]?ts$/.test(path);
  const strips = !typescript || (process.features as { typescript?: unknown }).typescript;
  if (strips && !isTakenForCommonJs(path)) {
    try {
      return (await import(pathToFileURL(path).href)).default;
    } catch (error) {
      if (!typescript || !/^ERR_UNSUPPORTED_/.test((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  const { createJiti } = await import("jiti");
  process.setSourceMapsEnabled(true); // for the lines of errors
  return createJiti(import.meta.url, { fsCache: false, sourceMaps: true }).import(path, { default: true });
}

/** Whether the package.json above says so, as that of `npm init -y` does, whatever the file is. */
function isTakenForCommonJs(path: string): boolean {
  if (!/\.[jt]s$/.test(path)) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).type === "commonjs";
    } catch {
      if (folder === dirname(folder)) return false; // none, or none that Node reads
    }
  }
}

async function attempt(at: string, path: string, run: () => Promise<unknown>): Promise<unknown> {
  try {
    return await run();
  } catch (cause) {
    if (cause instanceof UserError) throw new ConfigError(`${at}: ${cause.message}`, { cause });
    const error = cause instanceof Error ? cause : new Error(String(cause));
    // Its author needs the line in the plugin's own file, and none of the rest of the stack.
    const line = lineIn(error, path);
    const remedy = error instanceof SyntaxError && !line ? `. node --check ${path} shows the line` : "";
    const where = line ? ` (line ${line})` : "";
    throw new ConfigError(`${at}${where}: ${told(error).replaceAll(/\s+/g, " ").trim()}${remedy}`, { cause });
  }
}

function register(definition: unknown, at: string, { models, datasets }: Registries): void {
  if (isModel(definition, at)) add(models, definition, at, "model");
  else add(datasets, definition as DatasetDefinition, at, "data set");
}

function add<T extends { readonly name: string }>(
  registry: Registry<T>,
  definition: T,
  at: string,
  what: string,
): void {
  const known = registry.get(definition.name);
  if (known === definition) return;
  if (known)
    throw new ConfigError(`${at}: the ${what} "${definition.name}" exists already. Choose another name.`);
  registry.register(definition);
}

/** Whether it is a model, or a data set. @throws ConfigError where a field of the one or the other is wrong. */
function isModel(definition: unknown, at: string): definition is ModelDefinition {
  if (typeof definition !== "object" || definition === null) {
    throw new ConfigError(
      `${at}: expected a model or data set, or a function that returns one, got ${kindOf(definition)}`,
    );
  }
  const fields = definition as Record<string, unknown>;
  if (!("build" in fields) && !("open" in fields)) {
    const keys = Object.keys(fields).join(", ") || "nothing";
    throw new ConfigError(
      `${at}: expected a model (with build) or a data set (with open), got an object with ${keys}`,
    );
  }
  const model = "build" in fields;
  const functions = model ? ["build", "terms"] : ["open"];
  const wrong = (field: string, expected: string) =>
    new ConfigError(`${at}: ${field}: expected ${expected}, got ${kindOf(fields[field])}`);
  for (const field of ["name", "summary"]) {
    if (typeof fields[field] !== "string" || fields[field] === "") throw wrong(field, "text");
  }
  for (const field of functions) if (typeof fields[field] !== "function") throw wrong(field, "a function");
  const { type, properties } = Object(fields.params);
  if (type !== "object" || typeof properties !== "object") {
    throw wrong("params", "a schema of an object, such as Type.Object({})");
  }
  const fault = schemaFault(fields.params as JsonSchema);
  if (fault) throw new ConfigError(`${at}: params: expected a JSON Schema, but ${fault}`);
  return model;
}

const kindOf = (value: unknown) => (typeof value === "function" ? "a function" : show(value));
