import type { TensorInfo } from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import { type Kernels, type Run, sizeOf } from "../kernel.ts";
import { GRAIN } from "./unary.ts";

const isWord = (x: TensorInfo) => x.dtype === "float32" || x.dtype === "int32";

/** A box of elements to copy: its sizes, and the strides and first elements of source and target. */
interface Copy {
  readonly sizes: readonly number[];
  readonly from: readonly number[];
  readonly to: readonly number[];
  readonly fromFirst?: number;
  readonly toFirst?: number;
}

/** Copies 32-bit elements; false where it takes more than four dimensions. The last one is dense in the target. */
function copy(backend: WasmBackend, x: TensorInfo, y: TensorInfo, box: Copy): boolean {
  const dims = merge(box);
  if (dims.length > 4 || (dims.length > 0 && dims.at(-1)!.to !== 1)) return false;
  while (dims.length < 4) dims.unshift({ size: 1, from: 0, to: 0 });
  const [d1, d2, d3, row] = dims as [Dim, Dim, Dim, Dim];
  const rows = d1.size * d2.size * d3.size;
  if (rows * row.size === 0) return true;
  const args = [
    backend.at(x) + 4 * (box.fromFirst ?? 0),
    backend.at(y) + 4 * (box.toFirst ?? 0),
    ...[row.size, row.from, d2.size, d3.size],
    ...[d1.from, d2.from, d3.from, d1.to, d2.to, d3.to],
  ];
  backend.pool.run("copyRows", args, rows, Math.max(1, Math.ceil(GRAIN / row.size)));
  return true;
}

interface Dim {
  size: number;
  readonly from: number;
  readonly to: number;
}

/** The box without dimensions of size 1, neighbours joined that lie behind each other in both. */
function merge({ sizes, from, to }: Copy): Dim[] {
  const dims: Dim[] = [];
  for (let d = sizes.length - 1; d >= 0; d--) {
    const size = sizes[d]!;
    if (size === 1) continue;
    const inner = dims[0];
    if (inner && from[d] === inner.from * inner.size && to[d] === inner.to * inner.size) inner.size *= size;
    else dims.unshift({ size, from: from[d]!, to: to[d]! });
  }
  if (dims.length === 0 || dims.at(-1)!.to !== 1) dims.push({ size: 1, from: 1, to: 1 });
  return dims;
}

const stridesOf = (shape: readonly number[]): number[] => {
  const strides = new Array<number>(shape.length).fill(1);
  for (let d = shape.length - 2; d >= 0; d--) strides[d] = strides[d + 1]! * shape[d + 1]!;
  return strides;
};

const offset = (at: readonly number[], strides: readonly number[]) =>
  at.reduce((sum, i, d) => sum + i * strides[d]!, 0);

/** `y` where the copy was possible; else undefined, with `y` given back. */
function done(backend: WasmBackend, y: TensorInfo, copied: boolean): TensorInfo | undefined {
  if (copied) return y;
  backend.disposeData(y.dataId);
  return undefined;
}

const transpose: Run = (backend, { x }, attrs) => {
  if (!isWord(x!)) return undefined;
  const perm = attrs.perm as number[];
  const strides = stridesOf(x!.shape);
  const sizes = perm.map((p) => x!.shape[p]!);
  const y = backend.output(sizes, x!.dtype);
  const from = perm.map((p) => strides[p]!);
  return done(backend, y, copy(backend, x!, y, { sizes, from, to: stridesOf(sizes) }));
};

const slice: Run = (backend, { x }, attrs) => {
  if (!isWord(x!)) return undefined;
  const { slice_util } = tf;
  const [begin, size] = slice_util.parseSliceParams(
    x as never,
    attrs.begin as number[],
    attrs.size as number[],
  ) as [number[], number[]];
  slice_util.assertParamsValid(x as never, begin, size);
  const from = stridesOf(x!.shape);
  const y = backend.output(size, x!.dtype);
  const box = { sizes: size, from, to: stridesOf(size), fromFirst: offset(begin, from) };
  return done(backend, y, copy(backend, x!, y, box));
};

const pad: Run = (backend, { x }, attrs) => {
  if (!isWord(x!)) return undefined;
  const paddings = attrs.paddings as [number, number][];
  const outShape = x!.shape.map((n, i) => paddings[i]![0] + n + paddings[i]![1]);
  const to = stridesOf(outShape);
  const y = backend.output(outShape, x!.dtype);
  fill(backend, y, attrs.constantValue as number);
  const toFirst = offset(
    paddings.map((p) => p[0]),
    to,
  );
  return done(backend, y, copy(backend, x!, y, { sizes: x!.shape, from: stridesOf(x!.shape), to, toFirst }));
};

const concat: Run = (backend, inputs, attrs) => {
  const all = Object.values(inputs);
  const axis = tf.util.parseAxisParam(attrs.axis as number, all[0]!.shape)[0]!;
  if (!all.every((x) => isWord(x) && x.dtype === all[0]!.dtype)) return undefined;
  tf.backend_util.assertParamsConsistent(
    all.map((x) => x.shape),
    axis,
  );
  const outShape = tf.backend_util.computeOutShape(
    all.map((x) => x.shape),
    axis,
  );
  const to = stridesOf(outShape);
  const y = backend.output(outShape, all[0]!.dtype);
  let toFirst = 0;
  for (const x of all) {
    const box = { sizes: x.shape, from: stridesOf(x.shape), to, toFirst };
    if (!copy(backend, x, y, box)) return done(backend, y, false);
    toFirst += x.shape[axis]! * to[axis]!;
  }
  return y;
};

const split: Run = (backend, { x }, attrs) => {
  if (!isWord(x!)) return undefined;
  const axis = tf.util.parseAxisParam(attrs.axis as number, x!.shape)[0]!;
  const parts = tf.backend_util.prepareSplitSize(x as never, attrs.numOrSizeSplits as number[], axis);
  const from = stridesOf(x!.shape);
  const outputs: TensorInfo[] = [];
  let fromFirst = 0;
  for (const part of parts) {
    const sizes = x!.shape.map((n, d) => (d === axis ? part : n));
    const y = backend.output(sizes, x!.dtype);
    outputs.push(y);
    copy(backend, x!, y, { sizes, from, to: stridesOf(sizes), fromFirst }); // three dimensions at most
    fromFirst += part * from[axis]!;
  }
  return outputs;
};

const word = new DataView(new ArrayBuffer(4));

function fill(backend: WasmBackend, y: TensorInfo, value: number): void {
  if (y.dtype === "int32") word.setInt32(0, value, true);
  else word.setFloat32(0, value, true);
  backend.pool.run("fill", [backend.at(y), word.getInt32(0, true)], sizeOf(y), GRAIN);
}

const filled =
  (value: number): Run =>
  (backend, { x }) => {
    if (!isWord(x!)) return undefined;
    const y = backend.output(x!.shape, x!.dtype);
    fill(backend, y, value);
    return y;
  };

const fillKernel: Run = (backend, _, attrs) => {
  const { value, shape } = attrs as unknown as { value: number; shape: number[] };
  if (attrs.dtype !== undefined && attrs.dtype !== "float32") return undefined;
  if (typeof value !== "number") return undefined;
  const y = backend.output(shape);
  fill(backend, y, value);
  return y;
};

const identity: Run = (backend, { x }) => backend.share(x!, x!.shape);

const reshape: Run = (backend, { x }, attrs) => {
  const size = sizeOf(x!);
  const shape = tf.util.inferFromImplicitShape(attrs.shape as number[], size);
  if (tf.util.sizeFromShape(shape) !== size) return undefined; // tfjs's own says what is wrong
  return x!.dtype === "complex64" ? undefined : backend.share(x!, shape);
};

export const layoutKernels: Kernels = {
  Transpose: transpose,
  Slice: slice,
  PadV2: pad,
  Concat: concat,
  SplitV: split,
  ZerosLike: filled(0),
  OnesLike: filled(1),
  Fill: fillKernel,
  Identity: (backend, inputs, attrs) =>
    inputs.x!.dtype === "complex64" ? undefined : identity(backend, inputs, attrs),
  Reshape: reshape,
};
