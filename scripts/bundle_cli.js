import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cachedBuild, root, sourcesIn } from "./cached_build.js";

/**
 * URL of a checkout's command line as few files: loading its 150 sources and TypeBox's 700 one by one would take
 * most of a second. undefined where it can't be made (a read-only checkout, no esbuild).
 */
export async function bundledCli() {
  try {
    const files = [...(await sourcesIn("src", [".ts"])), "scripts/bundle_cli.js"];
    const folder = await cachedBuild({ files, build: bundle });
    return pathToFileURL(join(folder, "main.mjs")).href;
  } catch {
    return undefined;
  }
}

async function bundle(outdir) {
  const { build } = await import("esbuild");
  const { dependencies, peerDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const inside = ["ajv", "commander", "typebox", "yaml", "fastest-levenshtein"]; // all that `vae validate` loads
  const external = Object.keys({ ...dependencies, ...peerDependencies }).filter((d) => !inside.includes(d));
  await build({
    entryPoints: [join(root, "src/cli/main.ts")],
    outdir,
    bundle: true,
    splitting: true,
    outExtension: { ".js": ".mjs" }, // Node before 20.19 takes .js for CommonJS there
    platform: "node",
    format: "esm",
    target: "node20",
    external,
    // Of the CommonJS packages inside.
    banner: {
      js: "import { createRequire as nodeRequire } from 'node:module'; const require = nodeRequire(import.meta.url);",
    },
    plugins: [{ name: "source-urls", setup: keepSourceUrls }],
    logLevel: "silent",
    sourcemap: true,
    sourcesContent: false, // Node parses the map as it loads a file: a tenth less of a start
  });
}

/** `import.meta.url` stays the source's, so that files beside it are found as without a bundle. */
function keepSourceUrls({ onLoad }) {
  onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
    if (!path.startsWith(join(root, "src"))) return undefined;
    const text = await readFile(path, "utf8");
    const url = JSON.stringify(pathToFileURL(path).href);
    return { contents: text.replaceAll("import.meta.url", url), loader: "ts" };
  });
}
