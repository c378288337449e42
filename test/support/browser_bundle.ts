import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildOptions, BuildResult } from "esbuild";

const script = new URL("../../scripts/bundle_browser.js", import.meta.url).href;
const chunkScript = new URL("../../scripts/webgpu_chunk.js", import.meta.url).href;

/** Writes webgpu.js, which the bundle loads where WebGPU is wanted, into its folder; returns the files that it is made of. */
export async function webgpuFile(folder: string): Promise<string[]> {
  const { webgpuChunk } = (await import(chunkScript)) as {
    webgpuChunk: () => Promise<{ text: string; files: string[] }>;
  };
  const { text, files } = await webgpuChunk();
  writeFileSync(join(folder, "webgpu.js"), text);
  return files;
}

/** `tfjs-vae/browser` as the package has it, in a file. */
export async function browserBundle(file: string, options: BuildOptions = {}) {
  const { bundleBrowser } = (await import(script)) as {
    bundleBrowser: (
      file: string,
      options: BuildOptions,
    ) => Promise<BuildResult<{ metafile: true; write: false }>>;
  };
  return bundleBrowser(file, options);
}
