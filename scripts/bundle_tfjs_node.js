import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Bundles what the tensorflow backend uses of @tensorflow/tfjs-node-gpu, its backend and kernels, as one CommonJS
 * file: the package itself can't be a dependency, because its install script downloads from a host that many computers
 * can't reach. A package manager then fails, or leaves the package out. Licence comments stay in it.
 *
 *   node scripts/bundle_tfjs_node.js dist/backends/tensorflow/tfjs_node.cjs
 */
const PACKAGE = "@tensorflow/tfjs-node-gpu";
const root = fileURLToPath(new URL("..", import.meta.url));

export async function bundleTfjsNode(outfile) {
  const { build } = await import("esbuild");
  const { version, license } = createRequire(import.meta.url)(`${PACKAGE}/package.json`);
  await build({
    stdin: {
      contents:
        `require("${PACKAGE}/dist/register_all_kernels");` +
        `exports.NodeJSKernelBackend = require("${PACKAGE}/dist/nodejs_kernel_backend").NodeJSKernelBackend;`,
      resolveDir: root,
    },
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    // All that it uses of tfjs is in tfjs-core; tfjs itself is no dependency of this package.
    alias: { "@tensorflow/tfjs": "@tensorflow/tfjs-core" },
    external: ["@tensorflow/tfjs-core"],
    plugins: [{ name: "no-summaries", setup: leaveOutSummaries }],
    banner: {
      js: `// ${PACKAGE} ${version} (${license}): its backend and kernels, bundled by scripts/bundle_tfjs_node.js\n// without the messages of its summary writer.`,
    },
    legalComments: "inline",
    logLevel: "error",
  });
}

/** The messages of its summary writer, which nothing here calls, would bring google-protobuf. */
function leaveOutSummaries({ onLoad }) {
  onLoad({ filter: /tfjs-node-gpu[\\/]dist[\\/]proto[\\/]api_pb\.js$/ }, () => ({
    contents: "",
    loader: "js",
  }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundleTfjsNode(process.argv[2]);
