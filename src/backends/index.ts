import { ConfigError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { tf } from "../tf.ts";
import type { StepCompiler } from "./compiler.ts";
import { findLibrary } from "./tensorflow/library.ts";
import { registerTensorFlow, tensorFlowCompiler } from "./tensorflow/register.ts";
import type { WasmBackend } from "./wasm/backend.ts";

export const backendNames = ["auto", "tensorflow", "wasm", "cpu"] as const;
export type BackendName = (typeof backendNames)[number];

export interface BackendInfo {
  readonly name: "tensorflow" | "wasm" | "cpu";
  /** Version of TensorFlow, or of tfjs. */
  readonly version: string;
  readonly device: string;
  /** Runs whole steps at once; absent where the backend can't. */
  readonly compiler?: StepCompiler;
}

/**
 * Makes a backend tfjs's own from here on. `auto` is tensorflow where its library is set up, else wasm, which
 * needs nothing.
 *
 * @throws ConfigError for an unknown name, EngineError where tensorflow is missing or does not load
 */
export async function useBackend(name: string): Promise<BackendInfo> {
  const known = backendNames.find((n) => n === name);
  if (known === undefined) {
    throw new ConfigError(
      `--backend: expected one of ${backendNames.join(", ")}, got "${name}".${didYouMean(name, backendNames)}`,
    );
  }
  const chosen = known === "auto" ? (findLibrary() === undefined ? "wasm" : "tensorflow") : known;
  if (chosen === "tensorflow") {
    const binding = registerTensorFlow();
    await tf.setBackend("tensorflow");
    const compiler = tensorFlowCompiler();
    return { name: chosen, version: binding.TF_Version, device: binding.device, compiler };
  }
  if (chosen === "wasm") {
    const { registerWasm } = await import("./wasm/register.ts");
    const { threads } = registerWasm();
    await tf.setBackend("wasm");
    const { wide } = (tf.backend() as WasmBackend).pool.binary;
    const device = `WebAssembly, ${threads} thread${threads === 1 ? "" : "s"}, ${wide ? 256 : 128}-bit vectors`;
    return { name: chosen, version: tf.version.tfjs, device };
  }
  await tf.setBackend("cpu");
  Object.assign(tf.backend(), { firstUse: false }); // or tfjs prints an advertisement of tfjs-node
  return { name: chosen, version: tf.version.tfjs, device: "JavaScript" };
}
