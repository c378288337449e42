import type { NamedAttrMap } from "../../../tf.ts";
import { isFloat, type Kernels, type Run, sizeOf } from "../kernel.ts";

/** A chunk of element-wise work, in floats: 64 KiB. */
export const GRAIN = 16384;

/** Names in the order of the numbers in kernels/unary.ts, and what an operation's two constants are. */
const UNARY: readonly (readonly [name: string, constants?: (attrs: NamedAttrMap) => [number, number]])[] = [
  ["Abs"],
  ["Ceil"],
  ["ClipByValue", (a) => [a.clipValueMin as number, a.clipValueMax as number]],
  ["Exp"],
  ["Floor"],
  ["LeakyRelu", (a) => [a.alpha as number, 0]],
  ["Log"],
  ["Neg"],
  ["Reciprocal"],
  ["Relu"],
  ["Relu6"],
  ["Rsqrt"],
  ["Sigmoid"],
  ["Softplus"],
  ["Sqrt"],
  ["Square"],
  ["Step", (a) => [a.alpha as number, 0]],
  ["Tanh"],
];

const run =
  (op: number, constants: (attrs: NamedAttrMap) => [number, number] = () => [0, 0]): Run =>
  (backend, { x }, attrs) => {
    if (!isFloat(x)) return undefined;
    const y = backend.output(x!.shape);
    backend.pool.run("unary", [op, backend.at(x!), backend.at(y), ...constants(attrs)], sizeOf(x!), GRAIN);
    return y;
  };

export const unaryKernels: Kernels = Object.fromEntries(
  UNARY.map(([name, constants], op) => [name, run(op, constants)]),
);
