import type { BuildOptions, BuildResult } from "esbuild";

const script = new URL("../../scripts/bundle_browser.js", import.meta.url).href;

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
