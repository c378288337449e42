import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { browserTwins, workerFiles } from "./browser_twins.js";
import { licencesOf } from "./licences.js";
import { webgpuChunk } from "./webgpu_chunk.js";

/**
 * Bundles `tfjs-vae/browser`, all that it needs in one file, so that a page gets it without a build of its own; beside it
 * webgpu.js, which it loads where WebGPU is wanted.
 *
 *   node scripts/bundle_browser.js dist/browser/index.js
 */
const root = fileURLToPath(new URL("..", import.meta.url));

export async function bundleBrowser(outfile, options = {}) {
  const { build } = await import("esbuild");
  return build({
    entryPoints: [`${root}/src/browser/index.ts`],
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    metafile: true,
    legalComments: "none",
    logLevel: "error",
    plugins: [browserTwins],
    ...options,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const outfile = process.argv[2];
  const { metafile } = await bundleBrowser(outfile);
  const chunk = await webgpuChunk();
  await writeFile(join(dirname(outfile), "webgpu.js"), chunk.text);
  const licences = await licencesOf([...Object.keys(metafile.inputs), ...workerFiles, ...chunk.files]);
  await writeFile(join(dirname(outfile), "licenses.md"), licences);
}
