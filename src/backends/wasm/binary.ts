import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";

const read = (file: string) => readFileSync(new URL(`../../../assets/${file}`, import.meta.url));

export interface Binary {
  readonly module: WebAssembly.Module;
  /** Made for relaxed SIMD: products and sums are rounded once, up to twice as fast. */
  readonly relaxed: boolean;
}

/**
 * The kernels, made from `kernels/` by `npm run build:wasm`: for relaxed SIMD where the engine has it, unless
 * TFJS_VAE_RELAXED_SIMD is 0. Node 20 has it, finished, behind a flag that may still be set now.
 */
export function loadBinary(): Binary {
  if (process.env.TFJS_VAE_RELAXED_SIMD !== "0") {
    const bytes = read("kernels_relaxed.wasm");
    if (!WebAssembly.validate(bytes)) trySetting("--experimental-wasm-relaxed-simd");
    if (WebAssembly.validate(bytes)) return { module: new WebAssembly.Module(bytes), relaxed: true };
  }
  return { module: new WebAssembly.Module(read("kernels.wasm")), relaxed: false };
}

function trySetting(flag: string): void {
  const version = Number(process.versions.v8?.split(".")[0]);
  if (version === 11) setFlagsFromString(flag); // other engines have it without, or not at all
}
