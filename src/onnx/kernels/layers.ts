import { BIAS_ADD } from "../../backends/nn_ops.ts";
import type {
  _FusedMatMulAttrs,
  BatchMatMulAttrs,
  Conv2DAttrs,
  Conv2DBackpropInputAttrs,
  FusedBatchNormAttrs,
} from "../../tf.ts";
import { tf } from "../../tf.ts";
import { node, type Ref } from "../graph.ts";
import { Unexportable } from "../unexportable.ts";
import type { Value } from "../value.ts";
import { binary, channelsFirst, type Inputs, type Lowerings, plain } from "./lowering.ts";

type Attrs = Pick<Conv2DAttrs, "strides" | "pad" | "dimRoundingMode"> &
  Partial<Pick<Conv2DAttrs, "dilations" | "dataFormat">>;

function geometryOf(x: readonly number[], filter: readonly number[], attrs: Attrs) {
  if ((attrs.dataFormat ?? "NHWC") !== "NHWC")
    throw new Unexportable("it has a convolution with channels first");
  type Shape = [number, number, number, number];
  const { strides, dilations = 1, pad, dimRoundingMode } = attrs;
  return tf.backend_util.computeConv2DInfo(
    [...x] as Shape,
    [...filter] as Shape,
    strides,
    dilations,
    pad,
    dimRoundingMode,
  );
}

function convolution(x: Value, filter: Value, attrs: Attrs, batch: number): Value {
  const of = geometryOf(x.shape, filter.shape, attrs);
  const { top, left, bottom, right } = of.padInfo;
  const ref = node("Conv", [x.first, filter.permuted([3, 2, 0, 1])], {
    kernel_shape: [of.filterHeight, of.filterWidth],
    strides: [of.strideHeight, of.strideWidth],
    dilations: [of.dilationHeight, of.dilationWidth],
    pads: [top, left, bottom, right],
  });
  return channelsFirst(of.outShape, "float32", ref, batch);
}

/** The gradient of a convolution's images, which is a transposed convolution. */
function transposedConvolution(
  dy: Value,
  filter: Value,
  { inputShape, ...attrs }: Conv2DBackpropInputAttrs,
  batch: number,
): Value {
  const of = geometryOf(inputShape, filter.shape, attrs);
  /** What is cut off behind, or, below 0, added there. */
  const behind = (out: number, n: number, stride: number, kernel: number, before: number) =>
    stride * (n - 1) + kernel - before - out;
  const bottom = behind(of.inHeight, dy.shape[1]!, of.strideHeight, of.filterHeight, of.padInfo.top);
  const right = behind(of.inWidth, dy.shape[2]!, of.strideWidth, of.filterWidth, of.padInfo.left);
  const ref = node("ConvTranspose", [dy.first, filter.permuted([3, 2, 0, 1])], {
    kernel_shape: [of.filterHeight, of.filterWidth],
    strides: [of.strideHeight, of.strideWidth],
    pads: [of.padInfo.top, of.padInfo.left, Math.max(0, bottom), Math.max(0, right)],
    output_padding: [Math.max(0, -bottom), Math.max(0, -right)],
  });
  return channelsFirst(inputShape, "float32", ref, batch);
}

/** As the bias of the convolution before it, or a node of its own. */
function biased(x: Value, bias: Value, batch: number): Value {
  const from = x.isFirst ? x.first : undefined;
  if (from?.kind === "node" && /^Conv/.test(from.node.op) && from.node.inputs.length === 2) {
    const { op, inputs, attributes } = from.node;
    return channelsFirst(x.shape, x.type, node(op, [...inputs, bias.plain], attributes), batch);
  }
  return binary("Add", x, bias, batch);
}

function normalized({ x, mean, variance, scale, offset }: Inputs, attrs: FusedBatchNormAttrs, batch: number) {
  if (scale === undefined || offset === undefined || x!.shape.length !== 4) return undefined;
  const inputs: Ref[] = [x!.first, scale.plain, offset.plain, mean!.plain, variance!.plain];
  const epsilon = { float: attrs.varianceEpsilon };
  return channelsFirst(x!.shape, "float32", node("BatchNormalization", inputs, { epsilon }), batch);
}

function product(a: Value, b: Value, { transposeA, transposeB }: BatchMatMulAttrs, batch: number): Value {
  const form = (x: Value, transpose: boolean) => {
    const rank = x.shape.length;
    const perm = x.shape.map((_, d) => (d < rank - 2 ? d : 2 * rank - 3 - d));
    return transpose ? x.permuted(perm) : x.plain;
  };
  const outer = tf.broadcast_util.assertAndGetBroadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...outer, a.shape.at(transposeA ? -1 : -2)!, b.shape.at(transposeB ? -2 : -1)!];
  return plain(shape, "float32", node("MatMul", [form(a, transposeA), form(b, transposeB)]), batch);
}

export const layerKernels: Lowerings = {
  [BIAS_ADD]: ({ x, bias }, _, __, batch) => biased(x!, bias!, batch),
  BatchMatMul: ({ a, b }, attrs: BatchMatMulAttrs, _, batch) => product(a!, b!, attrs, batch),
  Conv2D: ({ x, filter }, attrs: Conv2DAttrs, _, batch) => convolution(x!, filter!, attrs, batch),
  Conv2DBackpropInput: ({ dy, filter }, attrs: Conv2DBackpropInputAttrs, _, batch) =>
    transposedConvolution(dy!, filter!, attrs, batch),
  FusedBatchNorm: (inputs, attrs: FusedBatchNormAttrs, _, batch) => normalized(inputs, attrs, batch),
  _FusedMatMul: ({ a, b, bias }, attrs: _FusedMatMulAttrs, _, batch) => {
    if (attrs.activation !== undefined && attrs.activation !== "linear") return undefined;
    const y = product(a!, b!, attrs, batch);
    return bias === undefined ? y : binary("Add", y, bias, batch);
  },
};
