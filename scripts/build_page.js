import { execFile } from "node:child_process";
import { copyFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { browserTwins, workerFiles } from "./browser_twins.js";
import { cachedBuild, root, sourcesIn } from "./cached_build.js";
import { licencesOf } from "./licences.js";
import { webgpuChunk } from "./webgpu_chunk.js";

const LICENCES = "licenses.md";
/** What a page loads where WebGPU is wanted: a script with the text of another, which a worker is started with. */
const WEBGPU = "webgpu.js";

/**
 * The folder of a checkout's page, built by Vite where its sources have changed. `say` is told so. What the page takes from
 * src/ counts as its sources.
 */
export async function builtPage(say) {
  const ours = await sourcesIn("page", [".ts", ".tsx", ".js", ".css", ".html", ".svg", ".json"]);
  const files = [
    ...ours,
    ...(await sourcesIn("src", [".ts"])),
    "scripts/build_page.js",
    "scripts/browser_twins.js",
    "scripts/licences.js",
    "scripts/webgpu_chunk.js",
  ];
  return cachedBuild({
    prefix: "page-",
    files,
    async build(outDir) {
      say("the page is built, which takes some seconds after a change of its sources");
      // A process of its own: what Vite takes of memory would stay with the server.
      await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), outDir], { cwd: root });
    },
  });
}

/** The page of `vae ui` by Vite, and in its folder `site` that of published models. */
async function buildPage(outDir) {
  const { build } = await import("vite");
  await build({
    configFile: join(root, "page/vite.config.js"),
    build: { outDir, emptyOutDir: true },
    logLevel: "error",
  });
  await buildSite(join(outDir, "site"));
  for (const same of [LICENCES, WEBGPU]) await copyFile(join(outDir, "site", same), join(outDir, same));
}

/** What `vae publish` puts beside a model: plain scripts, which a browser takes from a disk too. */
async function buildSite(outdir) {
  const { build } = await import("esbuild");
  const { metafile } = await build({
    entryPoints: { page: join(root, "page/site/main.tsx") },
    outdir,
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "error",
    metafile: true,
    plugins: [browserTwins],
  });
  await copyFile(join(root, "page/site/index.html"), join(outdir, "index.html"));
  const chunk = await webgpuChunk();
  await writeFile(join(outdir, WEBGPU), `globalThis.webgpuText=${JSON.stringify(chunk.text)};\n`);
  const licences = await licencesOf([...Object.keys(metafile.inputs), ...workerFiles, ...chunk.files]);
  await writeFile(join(outdir, LICENCES), licences);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage(resolve(process.argv[2]));
