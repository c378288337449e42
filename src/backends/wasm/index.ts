// `import { registerWasm } from "tfjs-vae/backends/wasm"`: for other programs with tfjs, then `tf.setBackend("wasm")`.
export { WasmBackend } from "./backend.ts";
export { createBackend, registerWasm } from "./register.ts";
