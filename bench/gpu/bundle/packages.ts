import { cpSync, existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What running needs of a package; not maps, types and texts, nor another C library's builds. */
const LEFT_OUT = /\.(map|md|markdown|d\.[cm]?ts|ts|flow)$|[\\/]musl_x64[\\/]/i;

/** Copies a project's dependencies, and theirs, from its node_modules to `to`, each to the same place. */
export function copyPackages(root: string, to: string): void {
  const modules = join(root, "node_modules");
  const found = new Set<string>();
  const visit = (from: string) => {
    const { dependencies, optionalDependencies } = manifestOf(from);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const folder = packageFolder(name, from);
      if (folder === undefined) {
        if (optionalDependencies?.[name] !== undefined) continue; // another platform's
        throw new Error(`${from}: expected ${name} to be installed. Type: npm ci`);
      }
      if (found.has(folder)) continue;
      found.add(folder);
      visit(folder);
    }
  };
  visit(root);
  for (const folder of found) {
    cpSync(folder, join(to, relative(modules, folder)), {
      recursive: true,
      filter: (file) =>
        statSync(file).isDirectory() ? basename(file) !== "node_modules" : !LEFT_OUT.test(file),
    });
  }
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

/** As Node looks it up: in the nearest node_modules that has it. */
function packageFolder(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, "node_modules", name);
    if (existsSync(join(folder, "package.json"))) return folder;
    if (dirname(at) === at) return undefined;
  }
}
