import type { TensorInfo } from "../../../tf.ts";
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

const sum =
  (mean: boolean): Run =>
  (backend, { x }, attrs) => {
    if (!isFloat(x) || sizeOf(x!) === 0) return undefined;
    const { shape } = x!;
    const axes = tf.util.parseAxisParam((attrs.axis ?? attrs.reductionIndices) as number[], shape);
    const kept = shape.map((n, i) => (axes.includes(i) ? 1 : n));
    const outShape = attrs.keepDims ? kept : shape.filter((_, i) => !axes.includes(i));
    const big = shape.map((_, i) => i).filter((i) => shape[i] !== 1);
    const reduced = big.map((i) => axes.includes(i));
    const turn = reduced.indexOf(!reduced[0]);
    if (turn !== -1 && reduced.slice(turn).includes(reduced[0]!)) return undefined; // in the middle
    const count = axes.reduce((product, i) => product * shape[i]!, 1);
    const scale = mean ? 1 / count : 1;
    const rest = sizeOf(x!) / count;
    const y = backend.output(outShape);
    const at = backend.at(y);
    if (rest === 1) backend.data.get(y.dataId).values[0] = sumAll(backend, x!) * scale;
    else if (reduced[0] === true) sumColumns(backend, [backend.at(x!), count, rest], at, scale);
    else {
      const grain = Math.max(1, Math.ceil(CHUNK / count));
      backend.pool.run("sumRows", [backend.at(x!), count, scale, at], rest, grain);
    }
    return y;
  };

export const reduceKernels: Kernels = { Sum: sum(false), Mean: sum(true) };
