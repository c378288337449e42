import plain from "bytes:../../../assets/kernels.wasm";
import relaxed from "bytes:../../../assets/kernels_relaxed.wasm";
import type { Binary } from "./binary.ts";

let binary: Binary | undefined;

/** Compiles the kernels, for relaxed SIMD where the browser has it; a page's main thread may not wait for it. */
export async function compileBinary(): Promise<void> {
  const bytes = WebAssembly.validate(relaxed) ? relaxed : plain;
  binary ??= { module: await WebAssembly.compile(bytes), wide: false };
}

/** The kernels, once `compileBinary` is done. */
export function loadBinary(): Binary {
  if (binary === undefined) throw new Error("the wasm backend's kernels were not compiled yet");
  return binary;
}
