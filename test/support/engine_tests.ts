import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const tests = fileURLToPath(new URL("..", import.meta.url));
/** What tests more where TensorFlow or XLA is set up, or in the longer pass. */
const MORE = /tensorflow|xla|all_tests|useBackend\("auto"/i;
const IMPORT = /\bfrom "(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/g;

/**
 * The tests' files for which it matters what is set up or that the pass is the longer one: those that name TensorFlow, XLA
 * or allTests, or take the backend that suits, or import a file below test/ that does. The others do the same in every pass.
 */
export function engineTests(): string[] {
  const texts = new Map(
    readdirSync(tests, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => [join(tests, name), readFileSync(join(tests, name), "utf8")]),
  );
  const concerned = new Set([...texts].flatMap(([file, text]) => (MORE.test(text) ? [file] : [])));
  for (let before = -1; before < concerned.size; ) {
    before = concerned.size;
    for (const [file, text] of texts)
      if (importsOf(file, text).some((imported) => concerned.has(imported))) concerned.add(file);
  }
  return [...concerned].filter((file) => file.endsWith(".test.ts")).sort();
}

const importsOf = (file: string, text: string): string[] =>
  [...text.matchAll(IMPORT)].map(([, from, dynamic]) => resolve(dirname(file), (from ?? dynamic)!));
