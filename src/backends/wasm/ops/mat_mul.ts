import { tf } from "../../../tf.ts";
import type { WasmBackend } from "../backend.ts";
import { isFloat, type Kernels, type Run, sizeOf } from "../kernel.ts";
import { activate, type FusedAttrs, floorOf, withBias } from "./fused.ts";

const TILE = 128;

interface MatMulAttrs extends Partial<FusedAttrs> {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const matMul: Run = (backend, { a, b, bias, preluActivationWeights: prelu }, attrs) => {
  const { transposeA, transposeB, ...fused } = attrs as unknown as MatMulAttrs;
  if (!isFloat(a, b, bias) || prelu !== undefined) return undefined;
  const [m, k] = last2(a!.shape, transposeA);
  const [k2, n] = last2(b!.shape, transposeB);
  const batches = [a!, b!].map((x) => x.shape.slice(0, -2)) as [number[], number[]];
  const [countA, countB] = batches.map((s) => tf.util.sizeFromShape(s)) as [number, number];
  const batchShape = tf.broadcast_util.assertAndGetBroadcastShape(...batches);
  const count = tf.util.sizeFromShape(batchShape);
  // Batches broadcast within, and what is empty or wrong, are tfjs's own.
  if (k !== k2 || ![countA, countB].every((c) => c === count || c === 1)) return undefined;
  if (bias && (sizeOf(bias) !== n || bias.shape.at(-1) !== n)) return undefined;
  if (m * n * k * count === 0) return undefined;
  const y = backend.output([...batchShape, m, n]);
  withBias(backend, bias, n, (biasAt) => {
    for (let i = 0; i < count; i++) {
      multiply(backend, {
        a: backend.at(a!) + 4 * (countA === 1 ? 0 : i) * m * k,
        b: backend.at(b!) + 4 * (countB === 1 ? 0 : i) * k * n,
        y: backend.at(y) + 4 * i * m * n,
        sizes: [m, k, n],
        transposeA,
        transposeB,
        bias: biasAt,
        floor: floorOf(fused.activation),
      });
    }
  });
  return activate(backend, y, fused);
};

const last2 = (shape: readonly number[], transposed: boolean): [number, number] => {
  const [rows, columns] = shape.slice(-2) as [number, number];
  return transposed ? [columns, rows] : [rows, columns];
};

interface Product {
  readonly a: number;
  readonly b: number;
  readonly y: number;
  readonly sizes: readonly [m: number, k: number, n: number];
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly bias: number;
  readonly floor: number;
}

function multiply(backend: WasmBackend, { a, b, y, sizes: [m, k, n], ...p }: Product): void {
  const { pool } = backend;
  const panels = Math.ceil(n / 16);
  backend.withTemporary(4 * 16 * panels * k, (packed) => {
    const strides = p.transposeB ? [1, k] : [n, 1];
    pool.run("packPanels", [b, ...strides, k, n, packed], panels, Math.max(1, Math.ceil(4096 / k)));
    const withRows = (rows: number) => {
      const [mb, pb] = blocks(m, panels);
      const total = Math.ceil(m / mb) * Math.ceil(panels / pb);
      const args = [rows, k, m, k, packed, n, y, p.bias, p.floor, mb, pb, ...pool.scratch(TILE)];
      pool.run("matMul", args, total, 1);
    };
    if (!p.transposeA) withRows(a);
    else
      backend.withTemporary(4 * m * k, (rows) => {
        // [k, m] -> [m, k]
        const args = [a, rows, k, m, 1, m, 0, 0, 1, 0, 0, k];
        pool.run("copyRows", args, m, Math.max(1, Math.ceil(4096 / k)));
        withRows(rows);
      });
  });
}

/** Rows and panels of a block: enough blocks for many threads, not so small that panels are read for little. */
function blocks(m: number, panels: number): [number, number] {
  const mb = Math.min(m, 64);
  const columns = Math.ceil(m / mb);
  return [mb, Math.max(1, Math.min(8, Math.floor((panels * columns) / 16)))];
}

export const matMulKernels: Kernels = { BatchMatMul: matMul, _FusedMatMul: matMul };
