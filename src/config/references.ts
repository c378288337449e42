import { didYouMean } from "../text/suggest.ts";
import { isMap, type Located, toPlain } from "./located.ts";
import { readValue } from "./overrides.ts";
import { formatPath, type Path } from "./positions.ts";
import { type Problem, problemsError } from "./problems.ts";

/** Values of a config after its references are filled in, at most: more is a chain that doubles at each link. */
const MAX_VALUES = 10_000;

const REFERENCE = /\$\{([^{}]*)\}/;

/**
 * `root` with `${section.key}` replaced by what is written there, and `${oc.env:NAME}` or `${oc.env:NAME,DEFAULT}` by the
 * environment's variable: a reference that is the whole value by the value, of whatever kind; one within text as text. A
 * value is still where its reference was written; file names in it start from where they were written themselves.
 *
 * @param files in the order in which errors are listed
 * @throws ConfigError with every reference that leads nowhere, or to itself
 */
export function resolveReferences(root: Located, files: readonly string[]): Located {
  const problems: Problem[] = [];
  const resolver = new Resolver(root, problems);
  const resolved = resolver.resolve(root, []);
  if (problems.length > 0) throw problemsError(problems, files);
  return resolved;
}

class Resolver {
  private values = 0;

  constructor(
    private readonly root: Located,
    private readonly problems: Problem[],
  ) {}

  /** `node`, which stands at `path`; `through`: the references that led to it. */
  resolve(node: Located, path: Path, through: readonly string[] = []): Located {
    if (++this.values > MAX_VALUES)
      return this.fail(node, path, `its references make more than ${MAX_VALUES} values`);
    if (isMap(node)) {
      const entries = [...node.value].map(
        ([key, child]) => [key, this.resolve(child, [...path, key], through)] as const,
      );
      return { ...node, value: new Map(entries) };
    }
    if (Array.isArray(node.value))
      return {
        ...node,
        value: node.value.map((child: Located, i) => this.resolve(child, [...path, i], through)),
      };
    if (typeof node.value !== "string" || !node.value.includes("${")) return node;
    if (node.value.replaceAll(new RegExp(REFERENCE, "g"), "").includes("${"))
      return this.fail(
        node,
        path,
        `expected references that end with } and hold no braces, such as \${model_params.latent_dim}, got ${JSON.stringify(node.value)}`,
      );
    return this.filled(node, node.value, path, through);
  }

  private filled(node: Located, text: string, path: Path, through: readonly string[]): Located {
    const { place, keyPlace } = node;
    const whole = new RegExp(`^${REFERENCE.source}$`).exec(text)?.[1];
    if (whole !== undefined) {
      const target = this.target(whole, node, path, through);
      if (target === undefined) return node;
      return { ...target, place: { ...place, dir: target.place.dir }, ...(keyPlace && { keyPlace }) };
    }
    const value = text.replaceAll(new RegExp(REFERENCE, "g"), (reference, inside: string) => {
      const target = this.target(inside, node, path, through);
      const plain = target && toPlain(target);
      if (plain === undefined) return reference;
      if (typeof plain !== "object") return target!.text ?? String(plain);
      this.fail(
        node,
        path,
        `expected text or a number for ${reference} within text, got ${plain === null ? "null" : "a list or map"}`,
      );
      return reference;
    });
    return { value, place, ...(keyPlace && { keyPlace }) };
  }

  /** What a reference stands for; undefined where it is none, which is told. */
  private target(inside: string, node: Located, path: Path, through: readonly string[]): Located | undefined {
    const written = `\${${inside}}`;
    const call = /^\s*([\w.]+)\s*:(.*)$/s.exec(inside);
    if (call !== null) {
      if (call[1] === "oc.env") return this.variable(call[2]!, node, path);
      const fact = `expected a key such as \${model_params.latent_dim}, or \${oc.env:NAME}, got ${written}`;
      return void this.fail(node, path, `${fact}, which is not done here. Write the value`);
    }
    const name = inside.trim();
    if (!/^[\w$-]+(\.[\w$-]+|\[\d+\])*$/.test(name))
      return void this.fail(
        node,
        path,
        `expected a key by its whole name, such as \${model_params.latent_dim}, got ${written}`,
      );
    if (through.includes(name))
      return void this.fail(
        node,
        path,
        `expected no circle of references, got ${[...through, name].join(" -> ")}. Write the value in one of them`,
      );
    const steps = name
      .split(/\.|(?=\[)/)
      .map((part) => (part.startsWith("[") ? Number(part.slice(1, -1)) : part));
    const found = at(this.root, steps);
    if (found === undefined) return void this.fail(node, path, this.missing(name, written));
    return this.resolve(found, path, [...through, name]);
  }

  private variable(text: string, node: Located, path: Path): Located | undefined {
    const [, name, given] = /^\s*([^,]*?)\s*(?:,(.*))?$/s.exec(text)!;
    const value = process.env[name!] ?? given?.trim();
    if (value !== undefined) return readValue(value, node.place);
    return void this.fail(
      node,
      path,
      `expected the environment's variable ${name}, which is not set. Set it, or give a value for then: \${oc.env:${name},VALUE}`,
    );
  }

  private missing(name: string, written: string): string {
    const keys = namesIn(this.root).filter((key) => key.includes("."));
    const near = didYouMean(name, keys);
    const last = keys.filter((key) => key.endsWith(`.${name}`));
    const remedy =
      near !== ""
        ? near
        : last.length > 0
          ? ` Did you mean "${last[0]}"?`
          : process.env[name] !== undefined
            ? ` For the environment's variable: \${oc.env:${name}}.`
            : " Defaults can't be referred to: write the key.";
    return `no key ${name}, which ${written} names, is written in this config.${remedy}`;
  }

  private fail(node: Located, path: Path, message: string): Located {
    this.problems.push({ path, message, place: node.place });
    return node;
  }
}

function at(root: Located, path: Path): Located | undefined {
  return path.reduce<Located | undefined>((node, part) => {
    if (typeof part === "number") return Array.isArray(node?.value) ? node.value[part] : undefined;
    return isMap(node) ? node.value.get(part) : undefined;
  }, root);
}

/** Every key that is written, by its dotted name. */
function namesIn(node: Located, path: Path = []): string[] {
  if (!isMap(node)) return [];
  return [...node.value].flatMap(([key, child]) => [
    formatPath([...path, key]),
    ...namesIn(child, [...path, key]),
  ]);
}
