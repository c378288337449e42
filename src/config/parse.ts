import {
  CST,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseAllDocuments,
} from "yaml";
import { ConfigError } from "../errors.ts";
import { formatPlace, type Located, type Place } from "./located.ts";

/** Values that a config may hold, aliases counted at each use: more is an alias bomb, not a config. */
const MAX_VALUES = 10_000;
const MAX_DEPTH = 50;

/**
 * `text` (YAML 1.2, core schema) with the place of each key and value; undefined where it holds nothing.
 * `placeAt(line, column)` makes the places.
 *
 * @throws ConfigError for a mistake of YAML, or for what a config never holds: several documents, tags, keys
 *   that are not names, endless or huge structures, numbers that are not finite or not exact.
 */
export function parseYaml(
  text: string,
  placeAt: (line: number, column: number) => Place,
): Located | undefined {
  const counter = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return placeAt(Math.max(line, 1), Math.max(col, 1));
  };
  refuseDeep(text, placeAt);
  const documents = compose(text, counter);
  if (documents.length === 0) return undefined;
  const faults = documents.flatMap((d) => [...d.errors, ...d.warnings]);
  if (faults.length > 0) {
    const byPlace = new Map<string, string>(); // of several at one place the first: the rest follow from it
    for (const f of faults) {
      const place = formatPlace(at(f.pos[0]));
      if (!byPlace.has(place)) byPlace.set(place, `${place}: ${explain(f.code, f.message)}`);
    }
    throw new ConfigError([...byPlace.values()].slice(0, 10).join("\n"));
  }
  const [first, second] = documents;
  if (second) {
    throw fault(
      at(second.range?.[0] ?? 0),
      "expected one YAML document, got a second. Remove it and the ---",
    );
  }
  if (first!.directives?.yaml.explicit && first!.directives.yaml.version !== "1.2") {
    throw fault(at(0), `expected YAML 1.2, got %YAML ${first!.directives.yaml.version}. Remove that line`);
  }
  return first!.contents === null ? undefined : new Reader(first!, at).read(first!.contents, placeAt(1, 1));
}

type Document = Extract<ReturnType<typeof parseAllDocuments>, readonly unknown[]>[number];

class Reader {
  private values = 0;
  private readonly open: Node[] = [];
  constructor(
    private readonly document: Document,
    private readonly at: (offset: number) => Place,
  ) {}

  read(node: Node | null, fallback: Place, keyPlace?: Place): Located {
    const place = node?.range ? this.at(node.range[0]) : fallback;
    const located = (value: Located["value"]): Located => ({ value, place, ...(keyPlace && { keyPlace }) });
    if (++this.values > MAX_VALUES)
      throw fault(place, `expected a config, got more than ${MAX_VALUES} values`);
    if (node === null) return located(null);
    if (isAlias(node)) {
      const target = node.resolve(this.document) as Node | undefined;
      if (!target)
        throw fault(place, `no anchor "&${node.source}" before this alias. Define it, or write the value`);
      if (this.open.includes(target))
        throw fault(place, `the alias *${node.source} holds itself. Write the value`);
      return { ...this.read(target, place, keyPlace), place };
    }
    if (isScalar(node)) {
      const written = located(scalar(node.value, place, node.source));
      const plain = node.type === "PLAIN" && node.value !== null && node.source !== undefined;
      return plain ? { ...written, text: node.source! } : written;
    }
    if (this.open.length >= MAX_DEPTH) throw fault(place, `nested more than ${MAX_DEPTH} deep`);
    this.open.push(node);
    let value: Located["value"] = null;
    if (isSeq(node)) value = node.items.map((item) => this.read(item as Node | null, place));
    if (isMap(node)) {
      const entries = new Map<string, Located>();
      for (const { key, value: child } of node.items) {
        const keyAt = (key as Node | null)?.range ? this.at((key as Node).range![0]) : place;
        const name = keyName(key, keyAt);
        const end = (key as Node | null)?.range?.[1];
        entries.set(name, this.read(child as Node | null, end === undefined ? keyAt : this.at(end), keyAt));
      }
      value = entries;
    }
    this.open.pop();
    return located(value);
  }
}

const FORBIDDEN = ["__proto__", "constructor", "prototype"];

/** `key` where it can name a key of a config. @throws ConfigError where not. */
export function keyName(key: unknown, place: Place): string {
  const name = isScalar(key) ? key.value : key;
  if (typeof name !== "string" || name === "")
    throw fault(place, `expected a name as key, got ${isNode(name) ? "a list or map" : String(name)}`);
  if (name === "<<") {
    throw fault(place, "merge keys (<<) are not part of YAML 1.2. Write the keys out, or use extends");
  }
  if (FORBIDDEN.includes(name)) throw fault(place, `"${name}" can't be a key. Remove it`);
  return name;
}

function scalar(value: unknown, place: Place, source?: string): string | number | boolean | null {
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw fault(place, `expected a finite number, got ${source ?? value}`);
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      throw fault(place, `expected a number within ±${Number.MAX_SAFE_INTEGER}, got ${source ?? value}`);
    }
    return value;
  }
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  throw fault(place, `expected text, a number, true, false or null, got ${String(value)}`);
}

/** The parser recurses, and dies where it is led too deep: brackets and dashes of a line are counted before. */
function refuseDeep(text: string, placeAt: (line: number, column: number) => Place): void {
  let [brackets, dashes, at] = [0, 0, 0];
  for (const token of new Lexer().lex(text)) {
    const type = CST.tokenType(token);
    if (type === "newline") dashes = 0;
    if (type === "seq-item-ind" || type === "explicit-key-ind") dashes++;
    if (type === "flow-seq-start" || type === "flow-map-start") brackets++;
    if (type === "flow-seq-end" || type === "flow-map-end") brackets--;
    if (brackets > MAX_DEPTH || dashes > MAX_DEPTH) {
      const before = text.slice(0, at).split("\n");
      const place = placeAt(before.length, before.at(-1)!.length + 1);
      throw fault(place, `nested more than ${MAX_DEPTH} deep. Is a bracket not closed?`);
    }
    const found = text.indexOf(token, at); // the lexer's own marks are not in the text
    if (found >= 0) at = found + token.length;
  }
}

function compose(text: string, lineCounter: LineCounter): readonly Document[] {
  const options = { version: "1.2", schema: "core", prettyErrors: false, lineCounter } as const;
  const documents = parseAllDocuments(text, options);
  return Array.isArray(documents) ? documents : [];
}

/** Whether YAML takes a part of `text` for a comment. */
export function hasComment(text: string): boolean {
  return [...new Lexer().lex(text)].some((token) => CST.tokenType(token) === "comment");
}

function explain(code: string, message: string): string {
  if (code === "DUPLICATE_KEY") return "this key is given twice. Remove one";
  if (code === "TAB_AS_INDENT") return "a tab in the indentation. Use spaces";
  if (code === "TAG_RESOLVE_FAILED") return `${message}. Remove the tag: plain YAML values only`;
  if (code === "BAD_DQ_ESCAPE") {
    const got = /\\./.exec(message)?.[0];
    return `in double quotes a backslash begins an escape, and ${got} is none. Use single quotes, or forward slashes in a path`;
  }
  if (code === "BAD_SCALAR_START") return `not YAML: ${message}. Put the value in quotes`;
  return `not YAML: ${message}`;
}

function fault(place: Place, message: string): ConfigError {
  return new ConfigError(`${formatPlace(place)}: ${message}`);
}
