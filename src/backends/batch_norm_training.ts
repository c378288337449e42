import type { GradConfig, KernelConfig } from "../tf.ts";
import { type Tensor, type Tensor1D, type Tensor4D, tf, whenLoaded } from "../tf.ts";
import { registerPlain } from "./plain.ts";

/**
 * Batch normalization by the batch's own statistics and a LeakyReLU behind it as a kernel of tfjs, so that each
 * backend may have a fused one. Inputs x [B, H, W, C], scale [C], offset [C]; attributes epsilon and slope, 1 for no
 * LeakyReLU. Outputs: y, the batch's mean and unbiased variance [C], and whatever tensors `BatchNormTrainingGrad`
 * wants besides.
 */
export const BATCH_NORM_TRAINING = "BatchNormTraining";
/** Inputs dy, x, y, scale, offset and `reserved0` …; the same attributes. Outputs: the gradients of x, scale and offset. */
export const BATCH_NORM_TRAINING_GRAD = "BatchNormTrainingGrad";

export interface BatchNormAttrs {
  readonly epsilon: number;
  readonly slope: number;
}

/**
 * y = LeakyReLU((x - mean) / sqrt(biased variance + epsilon) scale + offset) over [B, H, W] (arXiv 1502.03167),
 * with the batch's `mean` and unbiased `variance` [C] (that of a single value is 0). The LeakyReLU's `slope` is 0 or
 * more; at 1 there is none. Differentiable by `x` [B, H, W, C], `scale` and `offset` [C]; mean and variance carry no
 * gradient.
 */
export function batchNormTraining(
  x: Tensor4D,
  scale: Tensor1D,
  offset: Tensor1D,
  epsilon: number,
  slope = 1,
): { y: Tensor4D; mean: Tensor1D; variance: Tensor1D } {
  const inputs = { x, scale, offset } as unknown as Parameters<ReturnType<typeof tf.engine>["runKernel"]>[1];
  const [y, mean, variance] = tf
    .engine()
    .runKernel(BATCH_NORM_TRAINING, inputs, { epsilon, slope }) as unknown as Tensor[];
  return { y: y as Tensor4D, mean: mean as Tensor1D, variance: variance as Tensor1D };
}

const gradient: GradConfig = {
  kernelName: BATCH_NORM_TRAINING,
  inputsToSave: ["x", "scale", "offset"],
  outputsToSave: [true, true, true, true, true, true],
  gradFunc: (dy, saved, attrs) => {
    const [x, scale, offset, y, , , ...reserved] = saved as Tensor[];
    const inputs = {
      dy: (dy as Tensor[])[0],
      x,
      y,
      scale,
      offset,
      ...Object.fromEntries(reserved.map((r, i) => [`reserved${i}`, r])),
    };
    // At once: tfjs calls each function below in a tidy of its own, which would dispose the other two results.
    const [dx, dScale, dOffset] = tf
      .engine()
      .runKernel(BATCH_NORM_TRAINING_GRAD, inputs as never, attrs) as unknown as Tensor[];
    return { x: () => dx!, scale: () => dScale!, offset: () => dOffset! };
  },
};

/** The kernel by tfjs's ops, on the backend in use. The variance is that of the centred values. */
const plainForward: Omit<KernelConfig, "backendName"> = {
  kernelName: BATCH_NORM_TRAINING,
  kernelFunc: ({ inputs, attrs }) => {
    const { x, scale, offset } = tensors(inputs);
    const { epsilon, slope } = attrs as unknown as BatchNormAttrs;
    return tf.tidy(() => {
      const count = x!.size / x!.shape[3]!;
      const mean = tf.mean(x!, [0, 1, 2]);
      const centred = tf.sub(x!, mean);
      const biased = tf.mean(tf.square(centred), [0, 1, 2]);
      const inverse = tf.rsqrt(tf.add(biased, epsilon));
      const normal = tf.add(tf.mul(tf.mul(centred, inverse), scale!), offset!);
      const y = slope === 1 ? normal : tf.leakyRelu(normal, slope);
      const variance = tf.mul(biased, count / Math.max(1, count - 1));
      return [y, mean, variance, tf.clone(mean), inverse, tf.scalar(0)];
    });
  },
};

const plainBackward: Omit<KernelConfig, "backendName"> = {
  kernelName: BATCH_NORM_TRAINING_GRAD,
  kernelFunc: ({ inputs, attrs }) => {
    const { dy: outer, x, y, scale, reserved0: mean, reserved1: inverse } = tensors(inputs);
    const { slope } = attrs as unknown as BatchNormAttrs;
    return tf.tidy(() => {
      const dy = slope === 1 ? outer : tf.where(tf.greater(y!, 0), outer!, tf.mul(outer!, slope));
      const normal = tf.mul(tf.sub(x!, mean!), inverse!);
      const dOffset = tf.sum(dy!, [0, 1, 2]);
      const dScale = tf.sum(tf.mul(dy!, normal), [0, 1, 2]);
      const count = x!.size / x!.shape[3]!;
      const centred = tf.sub(dy!, tf.div(tf.add(dOffset, tf.mul(normal, dScale)), count));
      return [tf.mul(centred, tf.mul(scale!, inverse!)), dScale, dOffset];
    });
  },
};

/** tfjs hands kernels its tensors, typed as what a backend may rely on. */
const tensors = (inputs: object) => inputs as Record<string, Tensor>;

// The gradient, for every backend, and the plain kernels, for those of tfjs that have no fused ones.
whenLoaded(() => {
  tf.registerGradient(gradient);
  registerPlain(plainForward);
  registerPlain(plainBackward);
});
