import { type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import { defineComparison } from "./mean_over_pictures.ts";

/** Mean over pixels and channels of (x - y)^2, [B]; `x`, `y`: [B, H, W, C] in [0, 1]. */
export function squaredError(x: Tensor4D, y: Tensor4D): Tensor1D {
  return tf.tidy(() => tf.mean<Tensor1D>(tf.square(tf.sub(x, y)), [1, 2, 3]));
}

/**
 * The peak signal-to-noise ratio in decibels, 10 log10(1 / MSE), for images in [0, 1]; higher is better. Of equal
 * images it is infinite.
 */
export function peakSignalToNoise(mse: number): number {
  return -10 * Math.log10(mse);
}

/** The peak signal-to-noise ratio of each pair of images in decibels, [B]; `x`, `y`: [B, H, W, C] in [0, 1]. */
function signalToNoise(x: Tensor4D, y: Tensor4D): Tensor1D {
  return tf.tidy(() => tf.tensor1d(Array.from(squaredError(x, y).dataSync(), peakSignalToNoise)));
}

export const meanSquaredErrorMetric = defineComparison({
  name: "mse",
  says: {
    unit: "",
    better: "lower",
    computed: "mean squared error of reconstructions per value",
    column: true,
  },
  load: () => ({ of: squaredError }),
});

export const peakSignalToNoiseMetric = defineComparison({
  name: "psnr",
  says: {
    unit: "dB",
    better: "higher",
    computed: "peak signal-to-noise ratio of reconstructions",
    column: true,
  },
  load: () => ({ of: signalToNoise }),
});
