import { convInputGrad } from "../backends/nn_ops.ts";
import { type Tensor, type Tensor1D, type Tensor4D, tf } from "../tf.ts";
import type { ConvStep } from "./plan.ts";

export interface FrozenConv {
  /** relu(conv(x) + bias), or without relu. */
  apply(x: Tensor4D): Tensor4D;
  dispose(): void;
}

/**
 * A convolution whose only gradient is that of its input. tfjs's own fused convolution would also compute
 * those of filter and bias on every backward pass, and gives up fusing the relu while a gradient is taken;
 * so the fused kernel is called directly and its gradient written here.
 */
export function frozenConv({ filter, filterShape, bias, stride, pad, border, relu }: ConvStep): FrozenConv {
  const weights = tf.keep(tf.tensor4d(filter, [...filterShape]));
  const offsets = tf.keep(tf.tensor1d(bias));
  const attributes = {
    strides: [stride, stride],
    pad,
    dataFormat: "NHWC",
    dilations: [1, 1],
    dimRoundingMode: undefined,
    activation: relu ? "relu" : "linear",
    leakyreluAlpha: 0,
  };
  const conv = tf.customGrad((input, save) => {
    const x = input as Tensor4D;
    const inputs = { x, filter: weights, bias: offsets };
    // biome-ignore lint/suspicious/noExplicitAny: tfjs types attributes by a map that it does not export
    const y = tf.engine().runKernel("FusedConv2D", inputs as any, attributes as any) as Tensor4D;
    const xShape = x.shape;
    (save as (tensors: Tensor[]) => void)(relu ? [y] : []);
    return {
      value: y,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        convInputGrad(dy as Tensor4D, saved[0] as Tensor4D | undefined, weights, xShape, stride, pad),
    };
  });
  return {
    apply: (x) => conv(border > 0 ? withBorder(x, border) : x) as Tensor4D,
    dispose: () => {
      weights.dispose();
      (offsets as Tensor1D).dispose();
    },
  };
}

const withBorder = (x: Tensor4D, size: number): Tensor4D =>
  tf.pad(x, [
    [0, 0],
    [size, size],
    [size, size],
    [0, 0],
  ]);
