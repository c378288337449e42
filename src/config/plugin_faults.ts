import { readFileSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError, UserError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";

/** Files that were loaded as plugins, by their absolute paths. */
const files = new Set<string>();
/** The file of each definition that a plugin made. */
const owners = new WeakMap<object, string>();
/** Names that a plugin's code may have misspelt, by the object that has them: `losses` -> its functions. */
let parts: Readonly<Record<string, readonly string[]>> = {};

/** Frames that a stack keeps: tfjs puts many above the plugin's own. */
const FRAMES = 60;

export function rememberPlugin(file: string): void {
  files.add(file);
  Error.stackTraceLimit = Math.max(Error.stackTraceLimit, FRAMES);
}

export function rememberOwner(definition: object, file: string): void {
  owners.set(definition, file);
}

export function rememberParts(api: unknown): void {
  const groups = Object.entries(Object(api)).filter(([, part]) => typeof part === "object" && part !== null);
  parts = Object.fromEntries(groups.map(([name, part]) => [name, Object.keys(part as object)]));
}

/** The file of a plugin's definition; undefined for the project's own. */
export const pluginOf = (definition: object): string | undefined => owners.get(definition);

/** One call of a plugin's code. */
interface Frame {
  /** What was called, "" where it has no name. */
  readonly name: string;
  readonly file: string;
  /** LINE:COLUMN. */
  readonly at: string;
}

/**
 * What to say of an error that a plugin's code threw, or that was thrown by what it called: the plugin's line, the error,
 * and its own calls alone; undefined for any other error.
 */
export function pluginFault(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof UserError) return undefined;
  const frames = framesOf(error);
  const first = frames[0];
  if (first === undefined) return undefined;
  const calls = frames.map(
    ({ name, file, at }) => `    at ${name === "" ? "" : `${name} `}(${shown(file)}:${at})`,
  );
  return [`${shown(first.file)}:${first.at}: ${told(error)}`, ...(calls.length > 1 ? calls : [])].join("\n");
}

/** `NAME: MESSAGE` of an error, with the name that was meant where a part of the project's is misspelt. */
export function told(error: Error): string {
  const [, group = "", key = ""] =
    /\b(\w+)\.(\w+) is not a (?:function|constructor)/.exec(error.message) ?? [];
  const near = Object.hasOwn(parts, group) ? didYouMean(key, parts[group]!) : "";
  return `${error.name}: ${error.message}${near === "" ? "" : `.${near}`}`;
}

/** LINE or LINE:COLUMN in `file` of an error: of the innermost call there, or where its text says a mistake of syntax is. */
export function lineIn(error: Error, file: string): string | undefined {
  const call = framesOf(error).find((frame) => frame.file === file)?.at;
  if (call !== undefined) return call;
  const text = `${error.message}\n${error.stack ?? ""}`;
  const at = text.indexOf(`${file}:`);
  return at < 0 ? undefined : /^\d+(?::\d+)?/.exec(text.slice(at + file.length + 1))?.[0];
}

function framesOf({ stack = "" }: Error): Frame[] {
  return stack.split("\n").flatMap((line) => {
    const [, name = "", place = "", at = ""] =
      /^ +at (?:async )?(?:(.*?) \()?((?:file:\/\/)?\/.*?)(?:\?[^:]*)?:(\d+:\d+)\)?$/.exec(line) ?? [];
    if (place === "") return [];
    const file = place.startsWith("file:") ? fileURLToPath(place) : place;
    return files.has(file) ? [{ name, file, at }] : [];
  });
}

/**
 * A mistake in what a definition gave, without an error thrown: in its file, at the line that has `word` as a key, where one
 * does; of several the last, as a loss comes after the declaration of its terms, or the first.
 */
export function definitionError(
  definition: { readonly name: string },
  what: string,
  word?: string,
  which: "first" | "last" = "last",
): Error {
  const file = pluginOf(definition);
  if (file === undefined) return new Error(`${definition.name}, ${what}`);
  const line = word === undefined ? undefined : lineOf(file, word, which);
  return new ConfigError(
    `${shown(file)}${line === undefined ? "" : `:${line}`}: ${definition.name}, ${what}`,
  );
}

function lineOf(file: string, word: string, which: "first" | "last"): number | undefined {
  const name = word.replaceAll(/[^\w$]/g, "\\$&");
  const key = new RegExp(`(?<![\\w$.]|function )(["']?)${name}\\1\\s*(?:[:,}(]|$)`);
  const has = (line: string) => key.test(line.replace(/(^|\s)\/\/.*/, ""));
  try {
    const lines = readFileSync(file, "utf8").split("\n");
    const at = which === "first" ? lines.findIndex(has) : lines.findLastIndex(has);
    return at < 0 ? undefined : at + 1;
  } catch {
    return undefined;
  }
}

/** A file as it is named shortest from the current folder. */
function shown(file: string): string {
  const near = relative(process.cwd(), file);
  return near.startsWith("..") || isAbsolute(near) ? file : near;
}
