import type { TensorInfo } from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import { RELU_GRAD } from "../../nn_ops.ts";
import type { WasmBackend } from "../backend.ts";
import { isFloat, type Kernels, type Run, sizeOf } from "../kernel.ts";
import { planRows } from "./broadcast.ts";
import { GRAIN } from "./unary.ts";

/** Names in the order of the numbers in kernels/binary.ts. */
const BINARY = ["Add", "Sub", "Multiply", "RealDiv", "Maximum", "Minimum", "SquaredDifference"];
const RELU_GRAD_NUMBER = BINARY.length;
export const SQUARED_DIFFERENCE = BINARY.indexOf("SquaredDifference");

/** op(a, b) with broadcasting, or undefined for shapes that take more than four dimensions. */
export function runBinary(
  backend: WasmBackend,
  op: number,
  a: TensorInfo,
  b: TensorInfo,
): TensorInfo | undefined {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  if (sizeOf(a) === sizeOf(b) && sizeOf(a) === tf.util.sizeFromShape(shape)) {
    const y = backend.output(shape);
    backend.pool.run("binary", [op, backend.at(a), backend.at(b), backend.at(y)], sizeOf(y), GRAIN);
    return y;
  }
  const plan = planRows(a.shape, b.shape, shape);
  if (plan === undefined) return undefined;
  const y = backend.output(shape);
  if (sizeOf(y) === 0) return y;
  const [sa, sb] = plan.strides as [number[], number[]];
  let { n, rows, d2, d3 } = plan;
  if (rows === 1 && n > GRAIN && n % 4 === 0) {
    // One long row, a scalar with a tensor: cut into rows so that all threads have some.
    const cut = commonCut(n);
    [sa[2], sb[2]] = [sa[3]! * cut, sb[3]! * cut];
    [n, rows, d2, d3] = [cut, n / cut, 1, n / cut];
  }
  const [pa, pb] = [backend.at(a), backend.at(b)];
  const strides = [...sa.slice(0, 3), ...sb.slice(0, 3)];
  const args = [op, pa, plan.ends[0], pb, plan.ends[1], backend.at(y), n, d2, d3, ...strides];
  backend.pool.run("binaryRows", args, rows, Math.max(1, Math.ceil(GRAIN / n)));
  return y;
}

/** A divisor of n, at most GRAIN, by powers of two. */
function commonCut(n: number): number {
  let cut = n;
  while (cut > GRAIN && cut % 2 === 0) cut /= 2;
  return cut;
}

const run =
  (op: number): Run =>
  (backend, { a, b }) =>
    isFloat(a, b) ? runBinary(backend, op, a!, b!) : undefined;

const greater: Run = (backend, { a, b }) => {
  const scalar = sizeOf(b!) === 1;
  if (
    !isFloat(a, b) ||
    !(scalar ? b!.shape.length <= a!.shape.length : tf.util.arraysEqual(a!.shape, b!.shape))
  )
    return undefined;
  const y = backend.output(a!.shape, "bool");
  const args = [backend.at(a!), backend.at(b!), scalar ? 0 : 4, backend.at(y)];
  backend.pool.run("greater", args, sizeOf(a!), GRAIN);
  return y;
};

const select: Run = (backend, { condition, t, e }) => {
  const same = [t!, e!].every((x) => tf.util.arraysEqual(x.shape, condition!.shape));
  const words = t!.dtype === e!.dtype && (t!.dtype === "float32" || t!.dtype === "int32");
  if (!same || !words || condition!.dtype !== "bool") return undefined;
  const y = backend.output(t!.shape, t!.dtype);
  const args = [condition!, t!, e!, y].map((x) => backend.at(x));
  backend.pool.run("select", args, sizeOf(y), GRAIN);
  return y;
};

const cast: Run = (backend, { x }, { dtype }) => {
  if (dtype === x!.dtype) return backend.share(x!, x!.shape);
  // tfjs's own would share the bytes, and call them words.
  if (dtype === "int32" && x!.dtype === "bool")
    return backend.makeTensorInfo(x!.shape, "int32", backend.data.get(x!.dataId).values);
  const kind = { int32: 1, bool: 2 }[x!.dtype as string];
  if (dtype !== "float32" || kind === undefined) return undefined;
  const y = backend.output(x!.shape);
  backend.pool.run("toFloat", [backend.at(x!), kind, backend.at(y)], sizeOf(y), GRAIN);
  return y;
};

const addN: Run = (backend, inputs) => {
  const xs = Object.values(inputs);
  if (!isFloat(...xs) || xs.length < 2 || xs.some((x) => !tf.util.arraysEqual(x.shape, xs[0]!.shape)))
    return undefined;
  const y = runBinary(backend, 0, xs[0]!, xs[1]!)!;
  for (const x of xs.slice(2)) {
    backend.pool.run("addTo", [backend.at(x), backend.at(y)], sizeOf(y), GRAIN);
  }
  return y;
};

export const binaryKernels: Kernels = {
  ...Object.fromEntries(BINARY.map((name, op) => [name, run(op)])),
  [RELU_GRAD]: (backend, { dy, x }) => runBinary(backend, RELU_GRAD_NUMBER, dy!, x!),
  Greater: greater,
  Select: select,
  Cast: cast,
  AddN: addN,
};
