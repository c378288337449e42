import type { TensorInfo } from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import { isFloat, type Kernels, type Run, sizeOf } from "../kernel.ts";
import { GRAIN } from "./unary.ts";

const rowGrain = (length: number): number => Math.max(1, Math.ceil(GRAIN / length));

/** Along the last axis. */
const argMin: Run = (backend, { x }, attrs) => {
  const rank = x!.shape.length;
  const [axis, ...others] = tf.util.parseAxisParam(attrs.axis as number, x!.shape);
  if (!isFloat(x) || sizeOf(x!) === 0 || axis !== rank - 1 || others.length > 0) return undefined;
  const n = x!.shape[rank - 1]!;
  const y = backend.output(x!.shape.slice(0, -1), "int32");
  backend.pool.run("argMinRows", [backend.at(x!), n, backend.at(y)], sizeOf(y), rowGrain(n));
  return y;
};

/** Along the first axis. */
const gather: Run = (backend, { x, indices }, attrs) => {
  const isWord = x!.dtype === "float32" || x!.dtype === "int32";
  const first = (attrs.axis ?? 0) === 0 && (attrs.batchDims ?? 0) === 0;
  if (!isWord || !first || indices!.dtype !== "int32" || sizeOf(x!) * sizeOf(indices!) === 0)
    return undefined;
  const [count, ...rest] = x!.shape;
  if (!within(backend, indices!, 0, count!)) return undefined; // tfjs's own says what is wrong
  const n = tf.util.sizeFromShape(rest);
  const y = backend.output([...indices!.shape, ...rest], x!.dtype);
  const args = [backend.at(x!), backend.at(indices!), n, backend.at(y)];
  backend.pool.run("gatherRows", args, sizeOf(indices!), rowGrain(n));
  return y;
};

const segmentSum: Run = (backend, { x, segmentIds: ids }, attrs) => {
  const segments = attrs.numSegments as number;
  if (!isFloat(x) || ids!.dtype !== "int32" || ids!.shape.length !== 1 || sizeOf(x!) === 0) return undefined;
  if (!within(backend, ids!, Number.NEGATIVE_INFINITY, segments)) return undefined;
  const [rows, ...rest] = x!.shape;
  if (rows !== sizeOf(ids!)) return undefined;
  const c = tf.util.sizeFromShape(rest);
  const y = backend.output([segments, ...rest]);
  const args = [backend.at(x!), backend.at(ids!), rows, c, segments, backend.at(y)];
  backend.pool.run("segmentSum", args, c, Math.max(4, Math.ceil(c / 16)));
  return y;
};

/** Whether all indices lie in [low, high): what is read or written by a wrong one would be any memory. */
function within(backend: WasmBackend, indices: TensorInfo, low: number, high: number): boolean {
  const values = backend.data.get(indices.dataId).values as Int32Array;
  return values.every((i) => i >= low && i < high);
}

export const rowKernels: Kernels = { ArgMin: argMin, GatherV2: gather, UnsortedSegmentSum: segmentSum };
