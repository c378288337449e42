import { tf } from "../../tf.ts";
import { type BackendDefinition, variablesLike } from "../define.ts";
import type { WasmBackend } from "./backend.ts";

/** Our kernels in WebAssembly, which need nothing. */
export const wasm: BackendDefinition<"wasm"> = {
  name: "wasm",
  auto: {
    isThere: () => true,
    absent: "",
    handicap: 1,
    speedDependsOn: () => ({
      environment: variablesLike(/^TFJS_VAE_(THREADS|WIDE_SIMD|RELAXED_SIMD)/),
    }),
  },

  async register() {
    const { registerWasm } = await import("./register.ts");
    registerWasm();
  },

  async describe() {
    const { registerWasm } = await import("./register.ts");
    const { threads } = registerWasm();
    const { wide } = (tf.backend() as WasmBackend).pool.binary;
    const device = `WebAssembly, ${threads} thread${threads === 1 ? "" : "s"}, ${wide ? 256 : 128}-bit vectors`;
    return { library: "tfjs", version: tf.version_core, device };
  },
};
