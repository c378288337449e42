import { createRequire } from "node:module";
import util from "node:util";
import { EngineError } from "../../errors.ts";
import { tf } from "../../tf.ts";
import { registerAdam } from "../adam.ts";
import type { StepCompiler } from "../compiler.ts";
import { adamUpdate } from "./adam.ts";
import type { TensorFlowBackend } from "./backend.ts";
import { Binding } from "./binding.ts";
import { stepCompiler } from "./compile/step.ts";
import { registerKernels } from "./kernels.ts";
import { findLibrary } from "./library.ts";
import { quietTensorFlow } from "./quiet.ts";
import { Resources } from "./resources.ts";

const require = createRequire(import.meta.url);
const PACKAGE = "@tensorflow/tfjs-node-gpu";

let binding: Binding | undefined;
let compiler: StepCompiler | undefined;

/** Compiles steps on the registered backend. */
export function tensorFlowCompiler(): StepCompiler {
  if (compiler === undefined) throw new Error("the tensorflow backend is not registered");
  return compiler;
}

/**
 * Registers tfjs's backend "tensorflow": tfjs-node's kernels, as they are, over our binding. Its own index.js,
 * which wants a compiled addon, is never loaded.
 *
 * @throws EngineError where the package or the library is missing or does not load
 */
export function registerTensorFlow(): Binding {
  if (binding !== undefined) return binding;
  const library = findLibrary();
  if (library === undefined) {
    const named = process.env.TFJS_VAE_TENSORFLOW;
    throw new EngineError(
      named
        ? `TFJS_VAE_TENSORFLOW: expected libtensorflow_cc.so.2 or its folder, got "${named}". Correct or unset it.`
        : "TensorFlow's library is not set up. Type: npx vae setup tensorflow (or use --backend wasm, which needs nothing).",
    );
  }
  quietTensorFlow(library.file);
  restoreRemovedUtilities();
  try {
    require.resolve(`${PACKAGE}/package.json`);
  } catch (cause) {
    throw new EngineError(
      `the package ${PACKAGE}, whose kernels the tensorflow backend runs on, is not installed. Type: npm install ${PACKAGE} --ignore-scripts`,
      { cause },
    );
  }
  try {
    binding = new Binding(library.file);
  } catch (cause) {
    throw new EngineError(
      `${library.file}: TensorFlow's library does not load: ${(cause as Error).message}. Type: npx vae setup tensorflow --force`,
      { cause },
    );
  }
  require(`${PACKAGE}/dist/register_all_kernels`);
  const { NodeJSKernelBackend } = require(`${PACKAGE}/dist/nodejs_kernel_backend`) as {
    NodeJSKernelBackend: new (binding: Binding, name: string) => TensorFlowBackend;
  };
  const backend = new NodeJSKernelBackend(binding, PACKAGE);
  tf.registerBackend("tensorflow", () => backend, 3);
  const resources = new Resources(binding, backend);
  registerKernels();
  registerAdam("tensorflow", adamUpdate(binding, backend, resources));
  compiler = stepCompiler(binding, backend, resources);
  return binding;
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
