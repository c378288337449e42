import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, stringify } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/errors.ts";
import type { Dice } from "./dice.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
type Tree = Record<string | number, unknown>;
type Change = (dice: Dice, text: string) => string | Uint8Array;

/** All maps and lists of a tree with one of their keys. */
function places(node: unknown): [parent: Tree, key: string | number][] {
  if (typeof node !== "object" || node === null) return [];
  const keys = Array.isArray(node) ? node.keys() : Object.keys(node);
  return [...keys].flatMap((key) => [
    [node as Tree, key] as [Tree, string | number],
    ...places((node as Tree)[key]),
  ]);
}

/** A change of the tree at one place. */
const inTree =
  (change: (dice: Dice, parent: Tree, key: string | number) => void): Change =>
  (dice, text) => {
    const tree = parse(text) as Tree;
    for (let n = 1 + dice.int(3); n > 0; n--) {
      const all = places(tree);
      if (all.length > 0) change(dice, ...dice.pick(all));
    }
    return stringify(tree);
  };

const inLines =
  (change: (dice: Dice, lines: string[], at: number) => void): Change =>
  (dice, text) => {
    const lines = text.split("\n");
    change(dice, lines, dice.int(lines.length));
    return lines.join("\n");
  };

const VALUES: readonly unknown[] = [
  ..."text?|||0|-1|true|~|__proto__|constructor|1e3|0x10|[|{a: 1|*a|!!js/function x|\u0000|\ud800|é|../../x".split(
    "|",
  ),
  0,
  -1,
  1.5,
  -0,
  true,
  false,
  null,
  [],
  [[]],
  {},
  { a: { b: [1] } },
  [null],
  Array(300).fill(1),
  "x".repeat(5000),
];
const NUMBERS = [
  ..."1e308 -1e308 1e309 .inf -.inf .nan 9007199254740991 9007199254740993 99999999999999999999999999 1e-320".split(
    " ",
  ),
  ..."0x7fffffffffffffff 0o777 1_000 +1 00 -0 4294967296 -2147483649 1.0000000000000000001 '3' 12e03 1e1000000".split(
    " ",
  ),
];
const MARKS = [..."{}[],:#&*!|>'\"%@`-?\t \n\r\0\\~<=\u2028\ufeff"];

/** Levels of aliases, each of ten of the level below. */
function aliasBomb(dice: Dice): string {
  const width = 2 + dice.int(12);
  const lines = ["a0: &a0 [x, x, x]"];
  for (let i = 1; i < 3 + dice.int(30); i++)
    lines.push(
      `a${i}: &a${i} [${Array(width)
        .fill(`*a${i - 1}`)
        .join(", ")}]`,
    );
  return lines.join("\n");
}

const CHANGES: Readonly<Record<string, Change>> = {
  drop: inTree((_, parent, key) => {
    if (Array.isArray(parent)) parent.splice(Number(key), 1);
    else delete parent[key];
  }),
  rename: inTree((dice, parent, key) => {
    const name = String(key);
    const at = dice.int(name.length + 1);
    const other = dice.pick([
      name.slice(0, at) + name.slice(at + 1),
      `${name}x`,
      name.toUpperCase(),
      ` ${name}`,
      "1",
      "",
    ]);
    parent[other] = parent[key];
    if (!Array.isArray(parent)) delete parent[key];
  }),
  retype: inTree((dice, parent, key) => {
    parent[key] = structuredClone(dice.pick(VALUES)); // further changes are of the copy
  }),
  move: inTree((dice, parent, key) => {
    parent[dice.pick(["name", "extends", "plugins", "a"])] = parent[key];
  }),
  number: (dice, text) => {
    const all = [...text.matchAll(/(?<=[:,[] ?)-?\d[\d.e-]*/g)];
    if (all.length === 0) return text;
    const { index, 0: old } = dice.pick(all);
    return text.slice(0, index) + dice.pick(NUMBERS) + text.slice(index + old.length);
  },
  forbidden: inLines((dice, lines, at) => {
    const name = dice.pick([
      "__proto__",
      "constructor",
      "prototype",
      "toString",
      "hasOwnProperty",
      "valueOf",
      "<<",
    ]);
    const indent = /^ */.exec(lines[at]!)![0];
    lines.splice(
      at,
      0,
      `${indent}${name}: ${dice.pick(["{polluted: 1}", "1", "*a", "[]", "{constructor: {prototype: {x: 1}}}"])}`,
    );
  }),
  alias: (dice, text) =>
    dice.pick([
      () => `${aliasBomb(dice)}\n${text}`,
      () => `${text}\n${aliasBomb(dice)}`,
      () => `a: &a [*a, *a]\n${text}`,
      () => `a: &a {b: *a}\n${text}`,
      () => `${text}\nb: *nowhere`,
      () => text.replace(/: (\S+)$/m, ": &v $1").replace(/: (\d\S*)$/m, ": *v"),
    ])(),
  deep: (dice, text) => {
    const n = 10 ** (1 + dice.int(4));
    return `${text}\nx: ${dice.pick([`${"[".repeat(n)}${"]".repeat(n)}`, "{a: ".repeat(n), "- ".repeat(n), "? ".repeat(n)])}`;
  },
  yaml: (dice, text) => {
    let out = text;
    for (let n = 1 + dice.int(4); n > 0; n--) {
      const at = dice.int(out.length + 1);
      out = dice.pick([
        () => out.slice(0, at) + dice.pick(MARKS) + out.slice(at),
        () => out.slice(0, at) + out.slice(at + 1 + dice.int(5)),
        () => out.slice(0, at),
        () => out.slice(0, at) + String.fromCodePoint(dice.int(0xd7ff)) + out.slice(at),
      ])();
    }
    return out;
  },
  lines: inLines((dice, lines, at) => {
    const other = dice.int(lines.length);
    dice.pick([
      () => lines.splice(at, 1),
      () => lines.splice(at, 0, lines[other]!),
      () => ([lines[at], lines[other]] = [lines[other]!, lines[at]!]),
      () => (lines[at] = `${dice.pick([" ", "\t", "   "])}${lines[at]}`),
      () => (lines[at] = lines[at]!.trimStart()),
      () =>
        lines.splice(
          at,
          0,
          dice.pick(["---", "...", "%YAML 1.1", "%TAG ! x", "!!binary x", "? a", "- a", "|", "<<: *a"]),
        ),
    ])();
  }),
  encoding: (dice, text) => {
    const bytes = Buffer.from(text);
    const at = dice.int(bytes.length);
    return dice.pick([
      () => Buffer.from(`\ufeff${text}`, "utf16le"),
      () => Buffer.from(text, "utf16le"),
      () => Buffer.from(text, "utf16le").swap16(),
      () => Buffer.from(text.replace("name", "näme"), "latin1"),
      () => Buffer.concat([bytes.subarray(0, at), dice.bytes(1 + dice.int(8)), bytes.subarray(at)]),
      () => Buffer.from(`\ufeff${text}`),
      () => dice.bytes(1 + dice.int(2000)),
      () => Buffer.alloc(dice.int(1000)),
      () => Buffer.alloc(270_000, "# comment\n"),
      () => Buffer.from(text.replaceAll("\n", "\r")),
    ])();
  },
  extends: (dice, text) => {
    const name = dice.pick([
      "config.yaml",
      "none.yaml",
      ".",
      "/",
      "''",
      "[a, [b]]",
      "{a: 1}",
      "[config.yaml, config.yaml]",
      "1",
      "/dev/null",
      "/proc/self/mem",
    ]);
    return `extends: ${name}\n${text}`;
  },
};

/** Shipped configs, changed at random and read: what comes of it has to be a config or sentences with a place. */
export class ConfigFuzz {
  private readonly texts: string[];
  private readonly file: string;

  /** @param folder where the changed ones are written */
  constructor(private readonly folder: string) {
    const shipped = ["configs", "examples"].flatMap((dir) =>
      readdirSync(join(root, dir)).flatMap((name) => (name.endsWith(".yaml") ? [join(root, dir, name)] : [])),
    );
    this.texts = shipped.map((name) => readFileSync(name, "utf8"));
    this.file = join(folder, "config.yaml");
    copyFileSync(join(root, "examples/spread_vae.mjs"), join(folder, "spread_vae.mjs"));
  }

  /** Whether the case is a config all the same; @throws Error where what it came to is no way to tell a user */
  async run(dice: Dice): Promise<"read" | "refused"> {
    const text = dice.pick(this.texts);
    const name = dice.pick(Object.keys(CHANGES));
    writeFileSync(this.file, CHANGES[name]!(dice, text));
    try {
      await loadConfig(this.file);
      if (({} as Tree).polluted !== undefined) throw new Error(`${name}: a key reached Object.prototype`);
      return "read";
    } catch (error) {
      const told = (error as Error).message;
      const ok =
        error instanceof ConfigError &&
        told.includes(this.folder) && // in a file that it extends, too
        (/\.\w+:\d+:\d+/.test(told) || /at most 256 KiB/.test(told)) &&
        !/\[object|undefined|^\s+at /m.test(told);
      if (!ok) throw new Error(`${name}: ${(error as Error).stack}`, { cause: error });
      return "refused";
    }
  }
}
