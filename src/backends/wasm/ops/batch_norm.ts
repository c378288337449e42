import type { TensorInfo } from "@tensorflow/tfjs";
import { BATCH_NORM_TRAINING, BATCH_NORM_TRAINING_GRAD } from "../../batch_norm_training.ts";
import type { WasmBackend } from "../backend.ts";
import { isFloat, type Kernels, type Run, sizeOf } from "../kernel.ts";
import { rowsPerChunk, sumColumns } from "./reduce.ts";
import { GRAIN } from "./unary.ts";

const values = (backend: WasmBackend, x: TensorInfo) => backend.data.get(x.dataId).values as Float32Array;

const rowGrain = (c: number) => Math.max(1, Math.ceil(GRAIN / c));

/** y, the batch's mean and unbiased variance [C]; reserved: 1 / sqrt(biased variance + epsilon). */
const training: Run = (backend, { x, scale, offset }, attrs) => {
  const c = x!.shape[3]!;
  const rows = sizeOf(x!) / c;
  const [y, mean, variance, inverse] = [x!.shape, [c], [c], [c]].map((s) => backend.output(s)) as [
    TensorInfo,
    TensorInfo,
    TensorInfo,
    TensorInfo,
  ];
  const from = [backend.at(x!), rows, c] as const;
  sumColumns(backend, from, backend.at(mean), 1 / rows);
  sumColumns(backend, from, backend.at(variance), 1 / rows, backend.at(mean));
  const [inv, biased, gamma] = [inverse, variance, scale!].map((t) => values(backend, t)) as Float32Array[];
  for (let i = 0; i < c; i++) {
    inv![i] = 1 / Math.sqrt(biased![i]! + (attrs.epsilon as number));
    biased![i]! *= rows / Math.max(1, rows - 1);
  }
  backend.withTemporary(4 * c, (factor) => {
    backend.wasmMemory.view(Float32Array, factor, c).set(inv!.map((v, i) => v * gamma![i]!));
    const args = [backend.at(x!), backend.at(mean), factor, backend.at(offset!), c, backend.at(y)];
    backend.pool.run("normalize", args, rows, rowGrain(c));
  });
  return [y, mean, variance, backend.share(mean, [c]), inverse];
};

const trainingGrad: Run = (backend, { dy, x, scale, reserved0: mean, reserved1: inverse }) => {
  const c = x!.shape[3]!;
  const rows = sizeOf(x!) / c;
  const [dx, dScale, dOffset] = [x!.shape, [c], [c]].map((s) => backend.output(s)) as [
    TensorInfo,
    TensorInfo,
    TensorInfo,
  ];
  const [at, [inv, gamma, ds, dof]] = [
    [dy!, x!, mean!].map((t) => backend.at(t)),
    [inverse!, scale!, dScale, dOffset].map((t) => values(backend, t)) as Float32Array[],
  ];
  const size = rowsPerChunk(c);
  const chunks = Math.ceil(rows / size);
  backend.withTemporary(8 * c * (chunks + 2), (partial) => {
    backend.pool.run("batchNormSums", [...at, rows, c, size, partial], chunks, 1);
    const sums = partial + 8 * c * chunks;
    backend.pool.run("foldColumns", [partial, chunks, 2 * c, 1, sums], 2 * c, 2 * c);
    const [sumDy, sumDyX] = [0, 1].map((i) => backend.wasmMemory.view(Float32Array, sums + 4 * c * i, c));
    const factors = backend.wasmMemory.view(Float32Array, partial, 3 * c); // a, b, e of batchNormInputGrad
    for (let i = 0; i < c; i++) {
      const v = inv![i]!;
      const a = gamma![i]! * v;
      ds![i] = sumDyX![i]! * v;
      dof![i] = sumDy![i]!;
      factors[i] = a;
      factors[c + i] = (-a * v * v * sumDyX![i]!) / rows;
      factors[2 * c + i] = (-a * sumDy![i]!) / rows;
    }
    const addresses = [0, 1, 2].map((i) => partial + 4 * c * i);
    backend.pool.run("batchNormInputGrad", [...at, ...addresses, c, backend.at(dx)], rows, rowGrain(c));
  });
  return [dx, dScale, dOffset];
};

/** Batch norm by given statistics [C]. */
const evaluation: Run = (backend, { x, mean, variance, offset, scale }, attrs) => {
  const c = mean!.shape[0]!;
  const vectors = [mean, variance, offset, scale].every((t) => t === undefined || t.shape.length === 1);
  if (!isFloat(x, mean, variance, offset, scale) || !vectors || x!.shape.at(-1) !== c) return undefined;
  const y = backend.output(x!.shape);
  const v = values(backend, variance!);
  backend.withTemporary(8 * c, (at) => {
    const [factor, zeros] = [0, 1].map((i) => backend.wasmMemory.view(Float32Array, at + 4 * c * i, c));
    const gamma = scale === undefined ? undefined : values(backend, scale);
    for (let i = 0; i < c; i++)
      factor![i] = (gamma?.[i] ?? 1) / Math.sqrt(v[i]! + (attrs.varianceEpsilon as number));
    zeros!.fill(0);
    const shift = offset === undefined ? at + 4 * c : backend.at(offset);
    const args = [backend.at(x!), backend.at(mean!), at, shift, c, backend.at(y)];
    backend.pool.run("normalize", args, sizeOf(x!) / c, rowGrain(c));
  });
  return y;
};

export const batchNormKernels: Kernels = {
  [BATCH_NORM_TRAINING]: training,
  [BATCH_NORM_TRAINING_GRAD]: trainingGrad,
  FusedBatchNorm: evaluation,
};
