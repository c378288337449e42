import type {
  Conv2DAttrs,
  Conv2DBackpropFilterAttrs,
  Conv2DBackpropInputAttrs,
  FusedConv2DAttrs,
} from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import { convolution } from "../stablehlo/contract.ts";
import { add } from "../stablehlo/elementwise.ts";
import { broadcastTo, reverse } from "../stablehlo/shape.ts";
import { type Shape, sameShape } from "../stablehlo/types.ts";
import type { Value } from "../stablehlo/value.ts";
import type { Lowerings } from "./lowering.ts";
import { activate } from "./unary.ts";

/** One of a convolution's two directions in space. */
interface Side {
  /** Lengths of the images, the outputs and the filter. */
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before and behind the images. */
  readonly before: number;
  readonly behind: number;
}

interface Geometry {
  readonly outShape: readonly number[];
  readonly sides: readonly [Side, Side];
}

type Attrs = Pick<Conv2DAttrs, "strides" | "pad" | "dimRoundingMode"> &
  Partial<Pick<Conv2DAttrs, "dilations">>;

function geometryOf(xShape: Shape, filterShape: Shape, attrs: Attrs): Geometry {
  const { strides, dilations = 1, pad, dimRoundingMode } = attrs;
  const shapes = [xShape, filterShape] as unknown as [
    [number, number, number, number],
    [number, number, number, number],
  ];
  const of = tf.backend_util.computeConv2DInfo(...shapes, strides, dilations, pad, dimRoundingMode);
  const height: Side = {
    input: of.inHeight,
    output: of.outHeight,
    kernel: of.filterHeight,
    stride: of.strideHeight,
    dilation: of.dilationHeight,
    before: of.padInfo.top,
    behind: of.padInfo.bottom,
  };
  const width: Side = {
    input: of.inWidth,
    output: of.outWidth,
    kernel: of.filterWidth,
    stride: of.strideWidth,
    dilation: of.dilationWidth,
    before: of.padInfo.left,
    behind: of.padInfo.right,
  };
  return { outShape: of.outShape, sides: [height, width] };
}

const pick = ({ sides }: Geometry, key: keyof Side): [number, number] => [sides[0][key], sides[1][key]];

/** So much padding behind that the output's windows fit exactly; negative where the last rows are not looked at. */
const exact = ({ input, output, kernel, stride, dilation, before }: Side): [number, number] => [
  before,
  (output - 1) * stride + (kernel - 1) * dilation + 1 - input - before,
];

/** The padding as it was given, where the same windows fit: cuDNN's convolutions take one that is symmetric. */
function given(side: Side): readonly [number, number] {
  const [before, least] = exact(side);
  const spare = side.behind - least;
  return spare >= 0 && spare < side.stride ? [before, side.behind] : [before, least];
}

function forward(x: Value, filter: Value, attrs: Attrs): Value {
  const geometry = geometryOf(x.shape, filter.shape, attrs);
  return convolution(x, filter, "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]", geometry.outShape, {
    strides: pick(geometry, "stride"),
    padding: geometry.sides.map(given),
    rhsDilation: pick(geometry, "dilation"),
  });
}

/**
 * The gradient of the images: the reversed filter over `dy` with zeros between. XLA knows it by this form. None where
 * images of `xShape` have no output of `dy`'s shape, of which tfjs's cpu kernel takes a part.
 */
function inputGradient(dy: Value, filter: Value, xShape: Shape, attrs: Attrs): Value | undefined {
  const geometry = geometryOf(xShape, filter.shape, attrs);
  if (!sameShape(dy.shape, geometry.outShape)) return undefined;
  const padding = geometry.sides.map(({ input, output, kernel, stride, dilation, before }) => {
    const reach = (kernel - 1) * dilation;
    const low = reach - before;
    return [low, input - ((output - 1) * stride + 1) - low + reach] as const;
  });
  return convolution(dy, reverse(filter, [0, 1]), "[b, 0, 1, f]x[0, 1, o, i]->[b, 0, 1, f]", xShape, {
    padding,
    lhsDilation: pick(geometry, "stride"),
    rhsDilation: pick(geometry, "dilation"),
  });
}

/** The gradient of the filter: `dy` over the images, with the batch in the place of features. */
function filterGradient(x: Value, dy: Value, filterShape: Shape, attrs: Attrs): Value {
  const geometry = geometryOf(x.shape, filterShape, attrs);
  return convolution(x, dy, "[f, 0, 1, b]x[i, 0, 1, o]->[0, 1, b, f]", filterShape, {
    strides: pick(geometry, "dilation"),
    padding: geometry.sides.map(exact),
    rhsDilation: pick(geometry, "stride"),
  });
}

const isChannelsLast = ({ dataFormat }: { dataFormat?: string }) => (dataFormat ?? "NHWC") === "NHWC";

export const convolutionKernels: Lowerings = {
  Conv2D: ({ x, filter }, attrs: Conv2DAttrs) =>
    isChannelsLast(attrs) ? forward(x!, filter!, attrs) : undefined,
  Conv2DBackpropFilter: ({ x, dy }, attrs: Conv2DBackpropFilterAttrs) =>
    isChannelsLast(attrs) ? filterGradient(x!, dy!, attrs.filterShape, attrs) : undefined,
  Conv2DBackpropInput: ({ dy, filter }, attrs: Conv2DBackpropInputAttrs) =>
    isChannelsLast(attrs) ? inputGradient(dy!, filter!, attrs.inputShape, attrs) : undefined,
  FusedConv2D: ({ x, filter, bias }, attrs: FusedConv2DAttrs) => {
    if (!isChannelsLast(attrs)) return undefined;
    const y = forward(x!, filter!, attrs);
    const shifted = bias === undefined ? y : add(y, broadcastTo(bias, y.shape));
    return activate(shifted, attrs.activation, attrs.leakyreluAlpha);
  },
};
