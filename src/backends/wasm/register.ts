import { tf } from "../../tf.ts";
import { registerAdam } from "../adam.ts";
import { registerGlobalNorm } from "../global_norm.ts";
import { WasmBackend } from "./backend.ts";
import { loadBinary } from "./binary.ts";
import { BACKEND, registerKernels } from "./kernel.ts";
import { SharedMemory } from "./memory.ts";
import { adamUpdate } from "./ops/adam.ts";
import { globalNorm } from "./ops/global_norm.ts";
import { KERNELS } from "./ops/index.ts";
import { Pool, threadCount } from "./pool.ts";

/** A backend with threads and memory of its own. */
export function createBackend(options: { threads?: number; mostPages?: number } = {}): WasmBackend {
  const memory = new SharedMemory(options.mostPages);
  return new WasmBackend(memory, new Pool(loadBinary(), memory, options.threads ?? threadCount()));
}

let registered: { threads: number } | undefined;

/** Registers tfjs's backend "wasm". @throws ConfigError for a TFJS_VAE_THREADS that is no number of threads */
export function registerWasm(): { threads: number } {
  if (registered !== undefined) return registered;
  const threads = threadCount();
  registerKernels(KERNELS);
  registerAdam(BACKEND, adamUpdate);
  registerGlobalNorm(BACKEND, globalNorm);
  tf.registerBackend(BACKEND, () => createBackend({ threads }), 2);
  registered = { threads };
  return registered;
}
