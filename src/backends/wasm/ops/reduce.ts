import type { NamedAttrMap, TensorInfo } from "@tensorflow/tfjs";
import { tf } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import { isFloat, type Kernels, type Run, sizeOf } from "../kernel.ts";

/** Chunks don't depend on the number of threads, so that sums don't either. */
const CHUNK = 16384;

/** The sum of all values, or of their squares, in float64. */
export function sumAll(backend: WasmBackend, x: TensorInfo, square = false): number {
  const n = sizeOf(x);
  const chunks = Math.ceil(n / CHUNK);
  return backend.withTemporary(8 * chunks, (sums) => {
    backend.pool.run("sumChunks", [backend.at(x), n, CHUNK, square ? 1 : 0, sums], chunks, 1);
    return backend.wasmMemory.view(Float64Array, sums, chunks).reduce((a, b) => a + b, 0);
  });
}

/** Rows of a chunk whose columns are added in float32. */
export const rowsPerChunk = (columns: number): number =>
  Math.max(16, Math.min(512, Math.ceil(CHUNK / columns)));

/** out [c] = scale times the columns' sums of x [rows, c]. Addresses. */
export function sumColumns(
  backend: WasmBackend,
  [x, rows, c]: readonly [number, number, number],
  out: number,
  scale: number,
): void {
  const size = rowsPerChunk(c);
  const chunks = Math.ceil(rows / size);
  backend.withTemporary(4 * chunks * c, (partial) => {
    backend.pool.run("sumColumns", [x, rows, c, size, partial], chunks, 1);
    backend.pool.run(
      "foldColumns",
      [partial, chunks, c, scale, out],
      c,
      Math.max(1, Math.ceil(CHUNK / chunks)),
    );
  });
}

/** What is left when a tensor is reduced along its first or its last axes: a matrix by its columns or by its rows. */
interface Reduction {
  readonly outShape: number[];
  /** Values of each result. */
  readonly count: number;
  readonly results: number;
  readonly columns: boolean;
}

/** Undefined where axes in the middle are reduced or kept, or there is nothing. */
function reduction(x: TensorInfo, attrs: NamedAttrMap): Reduction | undefined {
  if (!isFloat(x) || sizeOf(x) === 0) return undefined;
  const { shape } = x;
  const axes = tf.util.parseAxisParam((attrs.axis ?? attrs.reductionIndices) as number[], shape);
  const kept = shape.map((n, i) => (axes.includes(i) ? 1 : n));
  const outShape = attrs.keepDims ? kept : shape.filter((_, i) => !axes.includes(i));
  const reduced = shape.flatMap((n, i) => (n === 1 ? [] : [axes.includes(i)]));
  const turn = reduced.indexOf(!reduced[0]);
  if (turn !== -1 && reduced.slice(turn).includes(reduced[0]!)) return undefined;
  const count = axes.reduce((product, i) => product * shape[i]!, 1);
  return { outShape, count, results: sizeOf(x) / count, columns: reduced[0] === true };
}

const grainOf = (count: number): number => Math.max(1, Math.ceil(CHUNK / count));

const sum =
  (mean: boolean): Run =>
  (backend, { x }, attrs) => {
    const found = reduction(x!, attrs);
    if (found === undefined) return undefined;
    const { outShape, count, results, columns } = found;
    const scale = mean ? 1 / count : 1;
    const y = backend.output(outShape);
    const at = backend.at(y);
    if (results === 1) backend.data.get(y.dataId).values[0] = sumAll(backend, x!) * scale;
    else if (columns) sumColumns(backend, [backend.at(x!), count, results], at, scale);
    else backend.pool.run("sumRows", [backend.at(x!), count, scale, at], results, grainOf(count));
    return y;
  };

const max: Run = (backend, { x }, attrs) => {
  const found = reduction(x!, attrs);
  if (found === undefined) return undefined;
  const { outShape, count, results, columns } = found;
  const y = backend.output(outShape);
  const [from, to] = [backend.at(x!), backend.at(y)];
  if (columns && results > 1)
    backend.pool.run("maxColumns", [from, count, results, to], results, grainOf(count));
  else backend.pool.run("maxRows", [from, count, to], results, grainOf(count));
  return y;
};

export const reduceKernels: Kernels = { Sum: sum(false), Mean: sum(true), Max: max };
