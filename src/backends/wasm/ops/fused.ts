import type { TensorInfo } from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import { sizeOf } from "../kernel.ts";

export interface FusedAttrs {
  readonly activation: string;
  readonly leakyreluAlpha: number;
}

/** What a kernel's results are floored at: 0 where a ReLU is asked for. */
export const floorOf = (activation: string | undefined): number => (activation === "relu" ? 0 : -Infinity);

/** Calls `f` with the address of `bias`, or zeros, filled up with zeros to a multiple of 16 floats. */
export function withBias(
  backend: WasmBackend,
  bias: TensorInfo | undefined,
  n: number,
  f: (at: number) => void,
): void {
  const padded = 16 * Math.ceil(n / 16);
  backend.withTemporary(4 * padded, (at) => {
    const values = backend.wasmMemory.view(Float32Array, at, padded);
    values.fill(0);
    if (bias !== undefined) {
      const held = backend.data.get(bias.dataId).values;
      if (sizeOf(bias) === 1) values.fill(held[0]!, 0, n);
      else values.set(held);
    }
    f(at);
  });
}

const KERNELS: Readonly<Record<string, string>> = {
  relu6: "Relu6",
  sigmoid: "Sigmoid",
  elu: "Elu",
  leakyrelu: "LeakyRelu",
};

/** `y` with the activation that the kernel itself didn't do; `y` is given back where there is one. */
export function activate(
  backend: WasmBackend,
  y: TensorInfo,
  { activation, leakyreluAlpha }: Partial<FusedAttrs>,
): TensorInfo {
  if (activation === undefined || activation === "linear" || activation === "relu") return y;
  const kernel = tf.getKernel(KERNELS[activation]!, "wasm");
  const attrs = { alpha: leakyreluAlpha ?? 0 };
  const result = kernel.kernelFunc({ inputs: { x: y }, attrs, backend }) as TensorInfo;
  backend.disposeData(y.dataId);
  return result;
}
