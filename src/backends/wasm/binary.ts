import { readFileSync } from "node:fs";
import { arch } from "node:os";
import { setFlagsFromString } from "node:v8";
import { cpuinfo } from "../../process/cpuinfo.ts";

/** The kernels as all threads get them. */
export interface Binary {
  readonly module: WebAssembly.Module;
  /** The engine joins neighbouring vectors of 128 bits to 256. */
  readonly wide: boolean;
}

/** Node 20's V8 has relaxed SIMD, finished, behind a flag that may still be set now. */
const RELAXED_BEHIND_FLAG = [11];
/** The V8s that join the kernels' vectors where told to: Node 24's and 26's (22's doesn't join sums of products). */
const JOINING = [13, 14];

/**
 * The kernels, made from `kernels/` by `npm run build:wasm`: for relaxed SIMD where the engine has it, unless
 * TFJS_VAE_RELAXED_SIMD is 0: products and sums are rounded once. Vectors are joined where engine and processor are
 * known to, or as TFJS_VAE_WIDE_SIMD says (0 or 1): up to 1.9 times as fast, with the same bits.
 */
export function loadBinary(): Binary {
  if (process.env.TFJS_VAE_RELAXED_SIMD !== "0") {
    const bytes = read("kernels_relaxed.wasm");
    if (isV8(RELAXED_BEHIND_FLAG)) setFlagsFromString("--experimental-wasm-relaxed-simd");
    const said = process.env.TFJS_VAE_WIDE_SIMD;
    const wide = said === "1" || (said !== "0" && joinsVectors() && hasWideVectors());
    if (wide && joinsVectors()) setFlagsFromString("--experimental-wasm-revectorize");
    if (WebAssembly.validate(bytes)) return { module: new WebAssembly.Module(bytes), wide };
  }
  return { module: new WebAssembly.Module(read("kernels.wasm")), wide: false };
}

const read = (file: string) => readFileSync(new URL(`../../../assets/${file}`, import.meta.url));

const isV8 = (versions: readonly number[]) => versions.includes(Number.parseInt(process.versions.v8, 10));

/** Whether this Node joins vectors where told to. */
export const joinsVectors = (): boolean => isV8(JOINING);

/** Whether the processor has vectors of 256 bits, where that can be read: on Linux. */
export function hasWideVectors(): boolean {
  return arch() === "x64" && /^flags\s*:.*\bavx2\b/m.test(cpuinfo() ?? "");
}
