import type { GradConfig, KernelConfig } from "../tf.ts";
import { type Scalar, type Tensor, type Tensor1D, type Tensor4D, tf, whenLoaded } from "../tf.ts";
import { registerPlain } from "./plain.ts";

/**
 * Ops that tfjs computes in several, as kernels of their own, so that a backend may have each as one. Those for
 * tfjs's own backends here are tfjs's ops again.
 */
export const BIAS_ADD = "BiasAdd"; //             inputs x [..., C], bias [C]
export const BIAS_ADD_GRAD = "BiasAddGrad"; //    input dy [..., C]; the bias's gradient [C]
export const RELU_GRAD = "ReluGrad"; //           inputs dy, x (or relu(x))
export const LEAKY_RELU_GRAD = "LeakyReluGrad"; // inputs dy, x; attribute alpha
export const MEAN_SQUARED_ERROR = "MeanSquaredError"; // inputs x, y of one shape; a scalar
/**
 * Conv2DBackpropInput through a ReLU behind the convolution: inputs dy, filter and y, the ReLU's output. On
 * backends that have it; there is no plain one.
 */
export const CONV_INPUT_GRAD_RELU = "Conv2DBackpropInputRelu";

/**
 * Whether a convolution on the backend in use takes padding of its own at no cost, as the backend itself says.
 * TensorFlow's on CPU become several times slower by it than by padding and slicing apart.
 */
export const padsInConvolutions = (): boolean =>
  (tf.backend() as { padsInConvolutions?: boolean }).padsInConvolutions ?? false;

/** x + bias over the last axis; `x` [..., C], `bias` [C]. */
export function biasAdd(x: Tensor, bias: Tensor1D): Tensor {
  return run(BIAS_ADD, { x, bias });
}

/** Mean of (x - y)^2 over all values of `x` and `y`, of one shape. tfjs would make its gradient in seven passes. */
export function meanSquaredError(x: Tensor, y: Tensor): Scalar {
  tf.util.assertShapesMatch(x.shape, y.shape, "mean squared error: ");
  return run(MEAN_SQUARED_ERROR, { x, y }) as Scalar;
}

/** The gradient of relu: dy where `y` = relu(x) is positive, else 0. */
export function reluGrad(dy: Tensor, y: Tensor): Tensor {
  return run(RELU_GRAD, { dy, x: y });
}

/**
 * The gradient of x [B, H, W, C] of y = relu(conv2d(x, filter)) from that of y; with no `y`, of a convolution
 * without relu.
 */
export function convInputGrad(
  dy: Tensor4D,
  y: Tensor4D | undefined,
  filter: Tensor4D,
  xShape: [number, number, number, number],
  strides: number,
  pad: "same" | "valid",
): Tensor4D {
  if (y !== undefined && tf.getKernel(CONV_INPUT_GRAD_RELU, tf.getBackend()) !== undefined) {
    const attrs = { strides: [strides, strides], pad, inputShape: xShape };
    return tf
      .engine()
      .runKernel(CONV_INPUT_GRAD_RELU, { dy, filter, y } as never, attrs) as unknown as Tensor4D;
  }
  const inside = y === undefined ? dy : (reluGrad(dy, y) as Tensor4D);
  return tf.conv2dTranspose(inside, filter, xShape, strides, pad);
}

function run(kernel: string, inputs: Record<string, Tensor>, attrs: Record<string, number> = {}): Tensor {
  return tf.engine().runKernel(kernel, inputs as never, attrs) as unknown as Tensor;
}

/** Those of Relu and LeakyRelu take the place of tfjs's own. */
const gradients: readonly GradConfig[] = [
  {
    kernelName: BIAS_ADD,
    gradFunc: (dy) => ({ x: () => dy as Tensor, bias: () => run(BIAS_ADD_GRAD, { dy: dy as Tensor }) }),
  },
  {
    kernelName: MEAN_SQUARED_ERROR,
    inputsToSave: ["x", "y"],
    gradFunc: (dy, saved) => {
      const [x, y] = saved as [Tensor, Tensor];
      const by = (a: Tensor, b: Tensor) => tf.mul(tf.sub(a, b), tf.mul(dy as Scalar, 2 / a.size));
      return { x: () => by(x, y), y: () => by(y, x) };
    },
  },
  {
    kernelName: "Relu",
    outputsToSave: [true],
    gradFunc: (dy, saved) => ({ x: () => reluGrad(dy as Tensor, saved[0] as Tensor) }),
  },
  {
    kernelName: "LeakyRelu",
    inputsToSave: ["x"],
    gradFunc: (dy, saved, attrs) => ({
      x: () => run(LEAKY_RELU_GRAD, { dy: dy as Tensor, x: saved[0] as Tensor }, attrs as { alpha: number }),
    }),
  },
];

const plain: Record<string, (inputs: Record<string, Tensor>, attrs: { alpha: number }) => Tensor> = {
  [BIAS_ADD]: ({ x, bias }) => tf.add(x!, bias!),
  [BIAS_ADD_GRAD]: ({ dy }) => tf.sum(dy!, dy!.shape.map((_, i) => i).slice(0, -1)),
  [MEAN_SQUARED_ERROR]: ({ x, y }) => tf.mean(tf.squaredDifference(x!, y!)),
  [RELU_GRAD]: ({ dy, x }) => tf.mul(dy!, tf.step(x!)),
  [LEAKY_RELU_GRAD]: ({ dy, x }, { alpha }) => tf.where(tf.greater(x!, 0), dy!, tf.mul(dy!, alpha)),
};

// Before any op runs, since a gradient is looked up then: the first step would have tfjs's own for what runs before the first op
// of here, and be another one than the steps after it.
whenLoaded(() => {
  for (const gradient of gradients) tf.registerGradient(gradient);
  for (const [kernelName, compute] of Object.entries(plain)) {
    const kernelFunc: KernelConfig["kernelFunc"] = ({ inputs, attrs }) =>
      tf.tidy(() => compute(inputs as unknown as Record<string, Tensor>, (attrs ?? {}) as { alpha: number }));
    registerPlain({ kernelName, kernelFunc });
  }
});
