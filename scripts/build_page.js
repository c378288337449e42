import { join } from "node:path";
import { cachedBuild, root, sourcesIn } from "./cached_build.js";

/**
 * The folder of a checkout's page, built by Vite where its sources have changed. `say` is told so. What the page takes from
 * src/ counts as its sources.
 */
export async function builtPage(say) {
  const ours = await sourcesIn("page", [".ts", ".tsx", ".css", ".html", ".svg", ".json"]);
  const files = [...ours, ...(await sourcesIn("src", [".ts"])), "scripts/build_page.js"];
  return cachedBuild({
    prefix: "page-",
    files,
    async build(outDir) {
      say("the page is built, which takes some seconds after a change of its sources");
      const { build } = await import("vite");
      await build({
        configFile: join(root, "page/vite.config.ts"),
        build: { outDir, emptyOutDir: true },
        logLevel: "error",
      });
    },
  });
}
