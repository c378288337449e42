import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError } from "../errors.ts";
import { didYouMean } from "../text/suggest.ts";
import type { Located } from "./located.ts";
import { parseYaml } from "./parse.ts";

const MAX_BYTES = 1 << 18;

/** The map that the YAML file holds, with places. @throws ConfigError where it isn't one. */
export function readYamlFile(file: string, place = "", expected = "sections (model_params, …)"): Located {
  const text = readText(file, place);
  const dir = dirname(resolve(file));
  const root = parseYaml(text, (line, column) => ({ source: file, line, column, dir }));
  if (root === undefined || root.value === null) {
    throw new ConfigError(`${file}:1:1: expected ${expected}, got an empty file`);
  }
  if (!(root.value instanceof Map)) {
    const got = Array.isArray(root.value) ? "a list" : JSON.stringify(root.value);
    throw new ConfigError(
      `${file}:${root.place.line}:${root.place.column}: expected ${expected}, got ${got}`,
    );
  }
  // A section whose keys are all commented out reads as null, and means none of them.
  const entries = [...root.value].map(([key, node]): [string, Located] =>
    key.endsWith("_params") && node.value === null ? [key, { ...node, value: new Map() }] : [key, node],
  );
  return { ...root, value: new Map(entries) };
}

function readText(file: string, place: string): string {
  const at = place === "" ? "" : `${place}: `;
  const stat = statSync(file, { throwIfNoEntry: false });
  if (!stat) throw new ConfigError(`${at}no file ${file}.${nearFile(file)}`);
  if (!stat.isFile()) {
    const inside = stat.isDirectory() ? yamlIn(file) : "";
    throw new ConfigError(`${at}expected a YAML file, got the folder or device ${file}${inside}`);
  }
  if (stat.size > MAX_BYTES) {
    throw new ConfigError(
      `${at}expected a config of at most ${MAX_BYTES >> 10} KiB, got ${file} of ${stat.size} bytes`,
    );
  }
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new ConfigError(`${at}can't read ${file}: ${(cause as Error).message}`, { cause });
  }
  return decode(bytes, file);
}

/** Text of UTF-8 `bytes`, without a byte order mark. */
function decode(bytes: Buffer, file: string): string {
  const [a, b] = bytes;
  if ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)) {
    throw new ConfigError(`${file}:1:1: expected UTF-8, got UTF-16. Save the file as UTF-8`);
  }
  const text = new TextDecoder().decode(bytes); // U+FFFD where a byte is not UTF-8
  const fault = text.search(/[\0\ufffd]/);
  if (fault < 0) return text;
  const before = text.slice(0, fault).split("\n");
  const got = text[fault] === "\0" ? "a zero byte" : "a byte that is not. Save the file as UTF-8";
  throw new ConfigError(
    `${file}:${before.length}:${before.at(-1)!.length + 1}: expected UTF-8 text, got ${got}`,
  );
}

/** A sentence on the configs in a folder; of a run's the one. */
function yamlIn(folder: string): string {
  try {
    const found = readdirSync(folder)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort();
    if (found.length === 0) return "";
    const shown = found.slice(0, 8).map((name) => join(folder, name));
    return `. In it: ${shown.join(", ")}${found.length > 8 ? ", …" : ""}`;
  } catch {
    return "";
  }
}

function nearFile(file: string): string {
  if (file.includes("\ufffd")) return " Its name is not UTF-8: rename the file.";
  const dir = dirname(file);
  try {
    const found = didYouMean(basename(file), readdirSync(dir)).match(/"(.*)"/)?.[1];
    return found ? ` Did you mean "${join(dir, found)}"?` : "";
  } catch {
    return ` There is no folder ${dir} either.`;
  }
}
