import type { NamedAttrMap } from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import { isFloat, type Kernels, type Run, sizeOf } from "../kernel.ts";

type Shape4 = [number, number, number, number];

function infoOf(shape: readonly number[], attrs: NamedAttrMap) {
  return tf.backend_util.computePool2DInfo(
    shape as Shape4,
    attrs.filterSize as [number, number],
    attrs.strides as [number, number],
    1,
    attrs.pad as "same",
    attrs.dimRoundingMode as "floor",
  );
}

const argsOf = (info: ReturnType<typeof infoOf>, average: boolean) => [
  ...[info.filterHeight, info.filterWidth, info.strideHeight, info.strideWidth],
  ...[info.padInfo.top, info.padInfo.left, average ? 1 : 0],
];

const pool =
  (average: boolean): Run =>
  (backend, { x }, attrs) => {
    if (!isFloat(x) || x!.shape.length !== 4 || sizeOf(x!) === 0) return undefined;
    const info = infoOf(x!.shape, attrs);
    // Windows of one pixel that keep the shape are the identity to tfjs, wherever they lie.
    if (info.filterHeight * info.filterWidth === 1) return undefined;
    const y = backend.output(info.outShape);
    const args = [
      ...[backend.at(x!), info.inHeight, info.inWidth, info.inChannels],
      ...[backend.at(y), info.outHeight, info.outWidth, ...argsOf(info, average)],
    ];
    backend.pool.run("pool", args, info.batchSize * info.outHeight, 8);
    return y;
  };

const grad =
  (average: boolean): Run =>
  (backend, { dy, input, output }, attrs) => {
    if (!isFloat(dy, input, output) || input!.shape.length !== 4 || sizeOf(input!) === 0) return undefined;
    const info = infoOf(input!.shape, attrs);
    const dx = backend.output(input!.shape);
    const args = [
      ...[backend.at(input!), backend.at(output ?? dy!), backend.at(dy!)],
      ...[info.inHeight, info.inWidth, info.inChannels, backend.at(dx)],
      ...[info.outHeight, info.outWidth, ...argsOf(info, average)],
    ];
    backend.pool.run("poolGrad", args, info.batchSize, 1);
    return dx;
  };

export const poolKernels: Kernels = {
  MaxPool: pool(false),
  AvgPool: pool(true),
  MaxPoolGrad: grad(false),
  AvgPoolGrad: grad(true),
};
