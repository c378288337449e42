import type { NamedAttrMap } from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import { CONV_INPUT_GRAD_RELU } from "../../nn_ops.ts";
import { isFloat, type Kernels, type Run, sizeOf } from "../kernel.ts";
import { runFilterGrad } from "./conv_filter_grad.ts";
import { runConv } from "./conv_forward.ts";
import type { ConvInfo } from "./conv_info.ts";
import { runInputGrad } from "./conv_input_grad.ts";
import { activate, type FusedAttrs, floorOf } from "./fused.ts";

/** The geometry of a convolution, or undefined for layouts that are left to tfjs's own kernels. */
function infoOf(
  xShape: readonly number[],
  filterShape: readonly number[],
  attrs: NamedAttrMap,
): ConvInfo | undefined {
  if ((attrs.dataFormat ?? "NHWC") !== "NHWC") return undefined;
  const info = tf.backend_util.computeConv2DInfo(
    xShape as [number, number, number, number],
    filterShape as [number, number, number, number],
    attrs.strides as [number, number],
    (attrs.dilations as [number, number]) ?? 1,
    attrs.pad as "same",
    attrs.dimRoundingMode as "floor",
  );
  const empty = info.batchSize * info.outHeight * info.outWidth * info.outChannels * info.inChannels === 0;
  return empty ? undefined : info;
}

const conv2d: Run = (backend, inputs, attrs) => {
  const { x, filter, bias, preluActivationWeights: prelu } = inputs;
  if (!isFloat(x, filter, bias) || prelu !== undefined) return undefined;
  const info = infoOf(x!.shape, filter!.shape, attrs);
  if (info === undefined || (bias && sizeOf(bias) !== info.outChannels && sizeOf(bias) !== 1))
    return undefined;
  const fused = attrs as unknown as Partial<FusedAttrs>;
  const y = runConv(backend, info, x!, filter!, bias, floorOf(fused.activation));
  return activate(backend, y, fused);
};

const inputGrad =
  (masked: boolean): Run =>
  (backend, { dy, filter, y }, attrs) => {
    if (!isFloat(dy, filter)) return undefined;
    const info = infoOf(attrs.inputShape as number[], filter!.shape, attrs);
    if (info === undefined || info.dilationHeight > 1 || info.dilationWidth > 1) return undefined;
    if (!tf.util.arraysEqual(dy!.shape, info.outShape)) return undefined;
    return runInputGrad(backend, info, dy!, filter!, masked ? y : undefined);
  };

const filterGrad: Run = (backend, { x, dy }, attrs) => {
  if (!isFloat(x, dy)) return undefined;
  const info = infoOf(x!.shape, attrs.filterShape as number[], attrs);
  if (info === undefined || info.dilationHeight > 1 || info.dilationWidth > 1) return undefined;
  return runFilterGrad(backend, info, x!, dy!);
};

export const convKernels: Kernels = {
  Conv2D: conv2d,
  FusedConv2D: conv2d,
  Conv2DBackpropInput: inputGrad(false),
  [CONV_INPUT_GRAD_RELU]: inputGrad(true),
  Conv2DBackpropFilter: filterGrad,
};
