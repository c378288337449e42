import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, "node_modules/.cache/tfjs-vae");
const WEEK_MS = 7 * 24 * 3600e3;

/**
 * URL of a checkout's command line as few files: loading its 150 sources and TypeBox's 700 one by one would take
 * most of a second. Made once for each state of the sources; old ones are removed after a week. undefined where it
 * can't be made (a read-only checkout, no esbuild).
 */
export async function bundledCli() {
  try {
    const folder = join(cache, await stateOfSources());
    const main = join(folder, "main.mjs");
    if (!(await stat(main).catch(() => undefined))) await bundle(folder);
    return pathToFileURL(main).href;
  } catch {
    return undefined;
  }
}

/** A name that changes with any file that the bundle is made of. */
async function stateOfSources() {
  const sources = (await readdir(join(root, "src"), { recursive: true })).filter((f) => f.endsWith(".ts"));
  const files = [
    ...sources.sort().map((f) => `src/${f}`),
    "scripts/bundle_cli.js",
    "node_modules/.package-lock.json",
  ];
  const states = await Promise.all(
    files.map(async (file) => {
      const { mtimeMs, size } = await stat(join(root, file));
      return [file, mtimeMs, size];
    }),
  );
  return createHash("sha256")
    .update(JSON.stringify([root, states]))
    .digest("hex")
    .slice(0, 20);
}

async function bundle(folder) {
  const { build } = await import("esbuild");
  const { dependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const inside = ["ajv", "commander", "typebox", "yaml", "fastest-levenshtein"]; // all that `vae validate` loads
  const external = Object.keys(dependencies).filter((d) => !inside.includes(d));
  const temporary = `${folder}.${randomBytes(6).toString("hex")}`;
  await mkdir(temporary, { recursive: true });
  try {
    await build({
      entryPoints: [join(root, "src/cli/main.ts")],
      outdir: temporary,
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
    });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process may have been faster.
    if (!(await stat(folder).catch(() => undefined))) throw error;
  }
  await removeOld();
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

async function removeOld() {
  for (const name of await readdir(cache)) {
    const info = await stat(join(cache, name)).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > WEEK_MS)
      await rm(join(cache, name), { recursive: true, force: true });
  }
}
