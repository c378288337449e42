import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";

/** Writes a package @tensorflow/tfjs of one minified file to `folder`: 2 MB where the package has 141. */
export async function bundleTfjs(root: string, folder: string): Promise<void> {
  const { version } = JSON.parse(
    readFileSync(join(root, "node_modules/@tensorflow/tfjs/package.json"), "utf8"),
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({ name: "@tensorflow/tfjs", version, main: "index.js" }),
  );
  await build({
    stdin: { contents: `module.exports = require("@tensorflow/tfjs");`, resolveDir: root },
    outfile: join(folder, "index.js"),
    bundle: true,
    minify: true,
    keepNames: true, // tfjs tells some of its classes by their names
    platform: "node",
    format: "cjs",
    target: "node20",
    legalComments: "inline",
    logLevel: "error",
  });
}
