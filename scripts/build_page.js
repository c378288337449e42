import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
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
      const vite = join(root, "node_modules/vite/bin/vite.js");
      const args = [
        "build",
        "--config",
        join(root, "page/vite.config.ts"),
        "--outDir",
        outDir,
        "--emptyOutDir",
      ];
      // A process of its own: what Vite takes of memory would stay with the server.
      await promisify(execFile)(process.execPath, [vite, ...args, "--logLevel", "error"], { cwd: root });
    },
  });
}
