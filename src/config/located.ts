/** Where something was written: a file with line and column (from 1), or a `--set` argument. */
export interface Place {
  /** The file as the user would name it, or `--set KEY=VALUE`. */
  readonly source: string;
  readonly line?: number;
  readonly column?: number;
  /** Folder that relative paths written here start from. */
  readonly dir: string;
}

export type Scalar = string | number | boolean | null;

/** A value of a config that knows where it was written. Never changed once made. */
export interface Located {
  readonly value: Scalar | readonly Located[] | ReadonlyMap<string, Located>;
  readonly place: Place;
  /** Of the key that names it, in a map. */
  readonly keyPlace?: Place;
  /** Of a scalar without quotes, what was written: where only text makes sense, it is the value. */
  readonly text?: string;
}

/** `file:line:column`, or the `--set` argument. */
export function formatPlace({ source, line, column }: Place): string {
  return line === undefined ? source : `${source}:${line}:${column}`;
}

export function isMap(node: Located | undefined): node is Located & { value: ReadonlyMap<string, Located> } {
  return node?.value instanceof Map;
}

/**
 * `over` laid on `base`: maps merge key by key, everything else is replaced. A null in `over` takes away what
 * `base` has under that key.
 */
export function merge(base: Located, over: Located): Located {
  if (!isMap(base) || !isMap(over)) return over;
  const value = new Map(base.value);
  for (const [key, node] of over.value) {
    const below = value.get(key);
    if (below && node.value === null) value.delete(key);
    else value.set(key, below ? merge(below, node) : node);
  }
  return { ...over, value };
}

/** The value without its places: objects, lists and scalars of one's own to change. */
export function toPlain(node: Located): unknown {
  if (Array.isArray(node.value)) return node.value.map(toPlain);
  if (isMap(node)) return Object.fromEntries([...node.value].map(([key, child]) => [key, toPlain(child)]));
  return node.value;
}
