import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import util from "node:util";
import { EngineError } from "../../errors.ts";
import type { TensorFlowBackend } from "./backend.ts";
import type { Binding } from "./binding.ts";

const require = createRequire(import.meta.url);
const PACKAGE = "@tensorflow/tfjs-node-gpu";
/** That package bundled, as the published one has it; a checkout has none. */
const BUNDLED = fileURLToPath(new URL("./tfjs_node.cjs", import.meta.url));

/** The name that tfjs-node's backend is made with. */
export const TFJS_NODE = PACKAGE;

type BackendClass = new (binding: Binding, name: string) => TensorFlowBackend;

/**
 * Registers tfjs-node's kernels for "tensorflow" and gives its backend. Its own index.js, which wants a compiled addon,
 * is never loaded.
 *
 * @throws EngineError where they are not installed
 */
export function loadTfjsNode(): BackendClass {
  restoreRemovedUtilities();
  if (existsSync(BUNDLED))
    return (require(BUNDLED) as { NodeJSKernelBackend: BackendClass }).NodeJSKernelBackend;
  try {
    require.resolve(`${PACKAGE}/package.json`);
  } catch (cause) {
    throw new EngineError(
      `the package ${PACKAGE}, whose kernels the tensorflow backend runs on, is not installed. In a checkout type: npm ci; or use --backend wasm, which needs nothing.`,
      { cause },
    );
  }
  useOneCore();
  require(`${PACKAGE}/dist/register_all_kernels`);
  return (require(`${PACKAGE}/dist/nodejs_kernel_backend`) as { NodeJSKernelBackend: BackendClass })
    .NodeJSKernelBackend;
}

/** What tfjs-node knows as tfjs is a second tfjs-core (package.json's overrides): it gets the one in use instead. */
function useOneCore(): void {
  require("@tensorflow/tfjs-core"); // which nothing may have asked for yet
  const { resolve } = createRequire(require.resolve(`${PACKAGE}/package.json`));
  require.cache[resolve("@tensorflow/tfjs")] = require.cache[require.resolve("@tensorflow/tfjs-core")];
}

/** tfjs-node calls functions of node:util that Node 22 warns of and Node 23 no longer has. */
function restoreRemovedUtilities(): void {
  const removed = {
    isNullOrUndefined: (x: unknown) => x === null || x === undefined,
    isArray: Array.isArray,
  };
  for (const [name, value] of Object.entries(removed)) {
    Object.defineProperty(util, name, { value, configurable: true, writable: true });
  }
}
