import { tf } from "../tf.ts";
import type { TorchLayout } from "./params.ts";

/** For each layout of PyTorch's, the axes of its weight in the order of ours. */
const AXES: Record<TorchLayout, readonly number[] | undefined> = {
  same: undefined,
  OI: [1, 0],
  OIHW: [2, 3, 1, 0],
  IOHW: [2, 3, 1, 0], // a transposed convolution's: ours is [k, k, out, in]
};

/** A weight of PyTorch's, `shape` as it has it, in our layout. */
export function fromTorch(layout: TorchLayout, shape: readonly number[], data: Float32Array) {
  return permute(shape, data, AXES[layout]);
}

/** One of our weights in PyTorch's layout. */
export function toTorch(layout: TorchLayout, shape: readonly number[], data: Float32Array) {
  const axes = AXES[layout];
  return permute(
    shape,
    data,
    axes?.map((_, i) => axes.indexOf(i)),
  );
}

function permute(shape: readonly number[], data: Float32Array, axes: readonly number[] | undefined) {
  if (axes === undefined) return { shape: [...shape], data };
  const moved = tf.tidy(() => tf.transpose(tf.tensor(data, [...shape]), [...axes]));
  const result = { shape: moved.shape, data: moved.dataSync() as Float32Array };
  moved.dispose();
  return result;
}
