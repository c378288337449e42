import { EngineError } from "../../errors.ts";
import { outOfAddresses } from "../../process/out_of_addresses.ts";
import { tf } from "../../tf.ts";
import { registerAdam } from "../adam.ts";
import { registerGlobalNorm } from "../global_norm.ts";
import { WasmBackend } from "./backend.ts";
import { loadBinary } from "./binary.ts";
import { BACKEND, registerKernels } from "./kernel.ts";
import { SharedMemory } from "./memory.ts";
import { adamUpdate } from "./ops/adam.ts";
import { globalNorm } from "./ops/global_norm.ts";
import { KERNELS } from "./ops/kernels.ts";
import { Pool } from "./pool.ts";
import { MOST_PAGES, threadCount } from "./threads.ts";

/** A backend with threads and memory of its own. */
export function createBackend(options: { threads?: number; mostPages?: number } = {}): WasmBackend {
  const memory = new SharedMemory(options.mostPages ?? MOST_PAGES);
  return new WasmBackend(memory, new Pool(loadBinary(), memory, options.threads ?? threadCount()));
}

let registered: { threads: number } | undefined;

/**
 * Registers tfjs's backend "wasm".
 *
 * @throws ConfigError for a TFJS_VAE_THREADS that is no number of threads, EngineError where its memory can't be had
 */
export function registerWasm(): { threads: number } {
  if (registered !== undefined) return registered;
  const threads = threadCount();
  const backend = started(threads); // here and not by tfjs, which prints what is thrown and goes on
  if (!tf.registerBackend(BACKEND, () => backend, 2))
    throw new EngineError('another package has registered a backend "wasm" with tfjs. Remove it.');
  registerKernels(KERNELS);
  registerAdam(BACKEND, adamUpdate);
  registerGlobalNorm(BACKEND, globalNorm);
  registered = { threads };
  return registered;
}

function started(threads: number): WasmBackend {
  try {
    return createBackend({ threads });
  } catch (cause) {
    throw outOfAddresses(cause) ?? cause;
  }
}
