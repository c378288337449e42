import { isMap, type Located, type Place } from "./located.ts";

/** A path into a config: names of keys and indices of lists. */
export type Path = readonly (string | number)[];

/** `model_params.feature_layers[2]`. */
export function formatPath(path: Path): string {
  return path.map((p, i) => (typeof p === "number" ? `[${p}]` : i === 0 ? p : `.${p}`)).join("");
}

/** The path that `PATH: …` starts with, and what follows; undefined where it starts otherwise. */
export function leadingPath(message: string): { path: Path; rest: string } | undefined {
  const [all, name] = /^([a-z_]+(?:\.\w+|\[\d+\])*): /i.exec(message) ?? [];
  if (all === undefined || name === undefined) return undefined;
  const path = name.split(/\.|(?=\[)/).map((p) => (p.startsWith("[") ? Number(p.slice(1, -1)) : p));
  return { path, rest: message.slice(all.length) };
}

/** Where each key and value of a config was written. */
export class Positions {
  constructor(private readonly root: Located) {}

  /** Where the value at `path` was written; of what was never written, where its nearest ancestor was. */
  value(path: Path): Place {
    return this.find(path).place;
  }

  /** Where the key at `path` was written; of an item of a list, the item. */
  key(path: Path): Place {
    const node = this.find(path);
    return node.keyPlace ?? node.place;
  }

  /** Whether something was written at `path` (false for a default). */
  has(path: Path): boolean {
    return step(this.root, path) !== undefined;
  }

  private find(path: Path): Located {
    for (let n = path.length; n > 0; n--) {
      const node = step(this.root, path.slice(0, n));
      if (node) return node;
    }
    return this.root;
  }
}

function step(root: Located, path: Path): Located | undefined {
  let node: Located | undefined = root;
  for (const part of path) {
    if (isMap(node)) node = node.value.get(String(part));
    else if (Array.isArray(node?.value) && typeof part === "number") node = node.value[part];
    else return undefined;
  }
  return node;
}
