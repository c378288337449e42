import { realpathSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { ConfigError } from "../errors.ts";
import { expandHome } from "../process/home_folder.ts";
import { formatPlace, isMap, type Located, merge } from "./located.ts";
import { readYamlFile } from "./read.ts";

export interface ReadConfig {
  readonly root: Located;
  /** As the user would name them: the one asked for first, then those that it extends. */
  readonly files: readonly string[];
}

/**
 * `file` laid over all that it `extends`, in order, each relative to the file that names it. `place`: where it is named.
 *
 * @throws ConfigError where a file can't be read or extends itself.
 */
export function readWithBases(file: string, place = ""): ReadConfig {
  const files: string[] = [];
  const done = new Map<string, Located>();
  const read = (name: string, place: string, above: readonly string[]): Located => {
    const real = realPath(name);
    const known = done.get(real);
    if (known) return known;
    const { own, bases } = splitExtends(readYamlFile(name, place));
    files.push(name);
    const chain = [...above, name];
    let below: Located | undefined;
    for (const { value, place } of bases) {
      const target = baseFile(value, name);
      const at = `${formatPlace(place)} extends`;
      const again = chain.findIndex((f) => realPath(f) === realPath(target));
      if (again >= 0) {
        const cycle = [...chain.slice(again), target].join(" -> ");
        throw new ConfigError(`${at}: expected no cycle, got ${cycle}. Remove one of these extends`);
      }
      const base = read(target, at, chain);
      below = below ? merge(below, base) : base;
    }
    const root = below ? merge(below, own) : own;
    done.set(real, root);
    return root;
  };
  return { root: read(file, place, []), files };
}

/** `node`, a config that stands in `file`, laid over `between` and that over all that it `extends`; `files`: those. */
export function overItsBases(node: Located, file: string, between?: Located): ReadConfig {
  const { own, bases } = splitExtends(node);
  const read = bases.map(({ value, place }) => {
    const target = baseFile(value, file);
    return readWithBases(target, `${formatPlace(place)} extends`);
  });
  const layers = [...read.map(({ root }) => root), ...(between ? [between] : []), own];
  return { root: layers.reduce(merge), files: read.flatMap(({ files }) => files) };
}

/** A base as `file` names it. */
function baseFile(name: string, file: string): string {
  const base = expandHome(name, "extends");
  return isAbsolute(base) ? base : join(dirname(file), base);
}

function splitExtends(node: Located) {
  const entries = new Map((node as Located & { value: ReadonlyMap<string, Located> }).value);
  const found = entries.get("extends");
  entries.delete("extends");
  const items = found === undefined ? [] : Array.isArray(found.value) ? found.value : [found];
  const bases = items.map((item: Located) => {
    if (typeof item.value !== "string" || item.value === "") {
      const got = isMap(item) ? "a map" : Array.isArray(item.value) ? "a list" : JSON.stringify(item.value);
      throw new ConfigError(
        `${formatPlace(item.place)} extends: expected a file name or a list of them, got ${got}`,
      );
    }
    return { value: item.value, place: item.place };
  });
  return { own: { ...node, value: entries } as Located, bases };
}

function realPath(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file; // reading it says what is wrong
  }
}
