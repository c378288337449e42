import type { KernelConfig, NamedAttrMap, TensorInfo } from "../../tf.ts";
import { tf } from "../../tf.ts";
import type { WasmBackend } from "./backend.ts";

export const BACKEND = "wasm";

export type Inputs = Readonly<Record<string, TensorInfo>>;
/** `undefined`: not for this kernel (a type or layout that it leaves to tfjs's own). */
type Result = TensorInfo | TensorInfo[] | undefined;
export type Run = (backend: WasmBackend, inputs: Inputs, attrs: NamedAttrMap) => Result;

export type Kernels = Readonly<Record<string, Run>>;

/** How often each kernel of tfjs's cpu backend was run for want of one of ours. */
export const fallbacks = new Map<string, number>();

/** Registers `kernels`, and tfjs's cpu kernels for whatever they leave out. */
export function registerKernels(kernels: Kernels): void {
  const plain = new Map(tf.getKernelsForBackend("cpu").map((config) => [config.kernelName, config]));
  for (const name of new Set([...plain.keys(), ...Object.keys(kernels)])) {
    tf.registerKernel(configOf(name, kernels[name], plain.get(name)));
  }
}

function configOf(name: string, run: Run | undefined, plain: KernelConfig | undefined): KernelConfig {
  return {
    kernelName: name,
    backendName: BACKEND,
    kernelFunc: (args) => {
      const result = run?.(args.backend as WasmBackend, args.inputs as Inputs, args.attrs ?? {});
      if (result !== undefined) return result;
      if (plain === undefined) throw new Error(`the wasm backend's ${name} does not take these inputs`);
      fallbacks.set(name, (fallbacks.get(name) ?? 0) + 1);
      return plain.kernelFunc(args);
    },
  };
}

export const isFloat = (...xs: (TensorInfo | undefined)[]): boolean =>
  xs.every((x) => x === undefined || x.dtype === "float32");

export const sizeOf = (x: TensorInfo): number => x.shape.reduce((a, b) => a * b, 1);
