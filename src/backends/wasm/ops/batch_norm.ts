import type { TensorInfo } from "../../../tf.ts";
import {
  BATCH_NORM_TRAINING,
  BATCH_NORM_TRAINING_GRAD,
  type BatchNormAttrs,
} from "../../batch_norm_training.ts";
import type { WasmBackend } from "../backend.ts";
import { isFloat, type Kernels, type Run, sizeOf } from "../kernel.ts";
import { rowsPerChunk } from "./reduce.ts";
import { GRAIN } from "./unary.ts";

const values = (backend: WasmBackend, x: TensorInfo) => backend.data.get(x.dataId).values as Float32Array;

const rowGrain = (c: number) => Math.max(1, Math.ceil(GRAIN / c));

/** y, the batch's mean and unbiased variance [C]; reserved: mean, 1 / sqrt(biased variance + epsilon). */
const training: Run = (backend, { x, scale, offset }, attrs) => {
  const { epsilon, slope } = attrs as unknown as BatchNormAttrs;
  const c = x!.shape[3]!;
  const rows = sizeOf(x!) / c;
  const y = backend.output(x!.shape);
  const [mean, variance, inverse] = outputs(backend, [c], [c], [c]);
  const size = rowsPerChunk(c);
  const chunks = Math.ceil(rows / size);
  backend.withTemporary(8 * c * chunks, (partial) => {
    backend.pool.run("chunkMoments", [backend.at(x!), rows, c, size, partial], chunks, 1);
    const args = [partial, rows, c, size, backend.at(mean!), backend.at(variance!)];
    backend.pool.run("foldMoments", args, c, Math.max(1, Math.ceil(GRAIN / chunks)));
  });
  const [inv, biased] = [inverse, variance].map((t) => values(backend, t!)) as [Float32Array, Float32Array];
  for (let i = 0; i < c; i++) {
    inv[i] = 1 / Math.sqrt(biased[i]! + epsilon);
    biased[i]! *= rows / Math.max(1, rows - 1);
  }
  withFactors(backend, inverse!, scale!, (factor) => {
    const args = [
      ...[x!, mean!].map((t) => backend.at(t)),
      factor,
      backend.at(offset!),
      slope,
      c,
      backend.at(y),
    ];
    backend.pool.run("normalize", args, rows, rowGrain(c));
  });
  return [y, mean!, variance!, backend.share(mean!, [c]), inverse!];
};

const trainingGrad: Run = (backend, inputs, attrs) => {
  const { dy, x, scale, offset, reserved0: mean, reserved1: inverse } = inputs;
  const { slope } = attrs as unknown as BatchNormAttrs;
  const c = x!.shape[3]!;
  const rows = sizeOf(x!) / c;
  const [dx, dScale, dOffset] = outputs(backend, x!.shape, [c], [c]);
  const [inv, gamma, ds, dof] = [inverse, scale, dScale, dOffset].map((t) => values(backend, t!));
  const size = rowsPerChunk(c);
  const chunks = Math.ceil(rows / size);
  withFactors(backend, inverse!, scale!, (factor) => {
    const forward = [...[dy, x, mean].map((t) => backend.at(t!)), factor, backend.at(offset!), slope];
    backend.withTemporary(8 * c * (chunks + 2), (partial) => {
      backend.pool.run("batchNormSums", [...forward, rows, c, size, partial], chunks, 1);
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
      backend.pool.run(
        "batchNormInputGrad",
        [...forward, ...addresses, c, backend.at(dx!)],
        rows,
        rowGrain(c),
      );
    });
  });
  return [dx!, dScale!, dOffset!];
};

const outputs = (backend: WasmBackend, ...shapes: number[][]) => shapes.map((shape) => backend.output(shape));

/** Calls `f` with the address of scale times inverse [C]. */
function withFactors(
  backend: WasmBackend,
  inverse: TensorInfo,
  scale: TensorInfo,
  f: (at: number) => void,
): void {
  const [inv, gamma] = [values(backend, inverse), values(backend, scale)];
  backend.withTemporary(4 * inv.length, (at) => {
    backend.wasmMemory.view(Float32Array, at, inv.length).set(inv.map((v, i) => v * gamma[i]!));
    f(at);
  });
}

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
    const args = [backend.at(x!), backend.at(mean!), at, shift, 1, c, backend.at(y)];
    backend.pool.run("normalize", args, sizeOf(x!) / c, rowGrain(c));
  });
  return y;
};

export const batchNormKernels: Kernels = {
  [BATCH_NORM_TRAINING]: training,
  [BATCH_NORM_TRAINING_GRAD]: trainingGrad,
  FusedBatchNorm: evaluation,
};
