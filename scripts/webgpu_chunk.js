import { join } from "node:path";
import { browserTwins } from "./browser_twins.js";
import { root } from "./cached_build.js";

/**
 * Text of a script that is no part of a page's bundle: it sets `tfjsVaeWebGpu`, by which that bundle makes tfjs's WebGPU backend
 * of the tfjs-core that it has. And the files that it is made of.
 */
export async function webgpuChunk() {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, "src/backends/webgpu/chunk.ts")],
    bundle: true,
    write: false,
    minify: true,
    metafile: true,
    format: "iife",
    globalName: "chunk",
    banner: { js: "globalThis.tfjsVaeWebGpu=(core)=>{" },
    footer: { js: "return chunk};" },
    platform: "browser",
    target: "es2022",
    legalComments: "none",
    logLevel: "error",
    plugins: [givenCore, browserTwins],
  });
  return { text: outputFiles[0].text, files: Object.keys(metafile.inputs) };
}

/** Plugin of esbuild: tfjs-core is what the script's function is given. */
const givenCore = {
  name: "given-core",
  setup(build) {
    build.onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, () => ({ path: "core", namespace: "given" }));
    build.onLoad({ filter: /.*/, namespace: "given" }, () => ({ contents: "module.exports = core;" }));
  },
};
