import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** A file that is bound to Node has a twin beside it, NAME.browser.ts, which takes its place in a browser. */
const twin = (file) => file.replace(/\.ts$/, ".browser.ts");

/**
 * Plugin of esbuild: twins in place of files; `bytes:FILE` as FILE's bytes; `worker:FILE` as the text of FILE's bundle, from
 * which a page starts a worker without a request; `webgpu:` as a file beside the bundle (webgpu_chunk.js).
 */
export const browserTwins = {
  name: "browser-twins",
  setup(build) {
    build.onResolve({ filter: /^\.{1,2}\/.*\.ts$/ }, ({ path, resolveDir }) => {
      const file = twin(resolve(resolveDir, path));
      return existsSync(file) ? { path: file } : undefined;
    });
    build.onResolve({ filter: /^bytes:/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.slice("bytes:".length)),
      namespace: "bytes",
    }));
    build.onLoad({ filter: /.*/, namespace: "bytes" }, async ({ path }) => ({
      contents: await readFile(path),
      loader: "binary",
    }));
    build.onResolve({ filter: /^webgpu:/ }, () => ({ path: "./webgpu.js", external: true }));
    build.onResolve({ filter: /^worker:/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.slice("worker:".length)),
      namespace: "worker",
    }));
    build.onLoad({ filter: /.*/, namespace: "worker" }, async ({ path }) => {
      const { text, files } = await workerText(path, build.esbuild);
      return { contents: text, loader: "text", resolveDir: dirname(path), watchFiles: files };
    });
  },
};

/** Files of all workers' bundles so far. */
export const workerFiles = new Set();

/** The text of a worker's bundle, and the files that it is made of. */
async function workerText(file, esbuild) {
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [file],
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    logLevel: "error",
    plugins: [browserTwins],
  });
  const files = Object.keys(metafile.inputs).filter((f) => existsSync(f));
  for (const f of files) workerFiles.add(f);
  return { text: outputFiles[0].text, files };
}

/** Plugin of Vite: `worker:FILE` as there. */
export const workerTexts = {
  name: "worker-texts",
  enforce: "pre",
  resolveId(id, importer) {
    return id.startsWith("worker:")
      ? `\0${id.replace(/^worker:/, `worker:${dirname(importer)}/`)}`
      : undefined;
  },
  async load(id) {
    if (!id.startsWith("\0worker:")) return undefined;
    const { text, files } = await workerText(resolve(id.slice("\0worker:".length)), await import("esbuild"));
    for (const file of files) this.addWatchFile(resolve(file));
    return `export default ${JSON.stringify(text)};`;
  },
};
