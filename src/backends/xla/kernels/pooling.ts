import type { AvgPoolAttrs, MaxPoolAttrs } from "../../../tf.ts";
import { tf } from "../../../tf.ts";
import { add, compare, constant, convert, divide, like, multiply, select } from "../stablehlo/elementwise.ts";
import { reduce, reduceWindow, type SlidingWindow, scatterToLargest } from "../stablehlo/reduce.ts";
import { broadcast, iota, pad, reshape, slice } from "../stablehlo/shape.ts";
import type { Shape } from "../stablehlo/types.ts";
import type { Value } from "../stablehlo/value.ts";
import type { Lowerings } from "./lowering.ts";

interface Pooling {
  readonly outShape: Shape;
  readonly window: SlidingWindow;
  /** How much of the images the windows look at, where that is not all. */
  readonly seen: Shape;
}

function poolingOf(shape: Shape, { filterSize, strides, pad, dimRoundingMode }: MaxPoolAttrs): Pooling {
  const of = tf.backend_util.computePool2DInfo(
    shape as [number, number, number, number],
    filterSize,
    strides,
    1,
    pad,
    dimRoundingMode,
  );
  const behind = (n: number, out: number, stride: number, window: number, before: number) =>
    (out - 1) * stride + window - n - before;
  const { top, left } = of.padInfo;
  const bottom = behind(of.inHeight, of.outHeight, of.strideHeight, of.filterHeight, top);
  const right = behind(of.inWidth, of.outWidth, of.strideWidth, of.filterWidth, left);
  return {
    outShape: of.outShape,
    window: {
      size: [1, of.filterHeight, of.filterWidth, 1],
      strides: [1, of.strideHeight, of.strideWidth, 1],
      padding: [
        [0, 0],
        [top, Math.max(0, bottom)],
        [left, Math.max(0, right)],
        [0, 0],
      ],
    },
    seen: shape.map((n, d) => n + Math.min(0, [0, bottom, right, 0][d]!)),
  };
}

const start = [0, 0, 0, 0];

function maxPool(x: Value, attrs: MaxPoolAttrs): Value {
  const { outShape, window, seen } = poolingOf(x.shape, attrs);
  return reduceWindow("maximum", slice(x, start, seen), outShape, window);
}

function maxPoolGradient(dy: Value, x: Value, attrs: MaxPoolAttrs): Value {
  const pooling = poolingOf(x.shape, attrs);
  const { window, seen } = pooling;
  const inside = slice(x, start, seen);
  const dx = isTiled(pooling) ? tiledGradient(dy, inside) : scatterToLargest(inside, dy, window);
  return pad(
    dx,
    start,
    x.shape.map((n, d) => n - seen[d]!),
  );
}

/** Whether the windows lie side by side and need no padding. */
const isTiled = ({ window, seen, outShape }: Pooling): boolean =>
  window.size.every((n, d) => n === window.strides[d] && seen[d] === n * outShape[d]!);

/** `scatterToLargest` of such windows without a scatter, which GPUs add up in any order. */
function tiledGradient(dy: Value, x: Value): Value {
  const [batch, height, width, channels] = dy.shape as [number, number, number, number];
  const [kh, kw] = [x.shape[1]! / height, x.shape[2]! / width];
  const shape = [batch, height, kh, width, kw, channels];
  const [outer, inner] = [
    [0, 1, 3, 5],
    [2, 4],
  ];
  const spread = (y: Value) => broadcast(y, outer, shape);
  const tiles = reshape(x, shape);
  const isLargest = compare("EQ", tiles, spread(reduce("maximum", tiles, inner)));
  const type = kh * kw < 255 ? "uint8" : "int32"; // of what the way forward keeps for the way back
  const number = add(multiply(iota(shape, 2), constant("int32", kw, shape)), iota(shape, 4));
  const place = convert(number, type);
  const first = reduce("minimum", select(isLargest, place, constant(type, kh * kw, shape)), inner);
  const dx = select(compare("EQ", place, spread(first)), spread(dy), constant(dy.type, 0, shape));
  return reshape(dx, x.shape);
}

/** The mean over those of a window's places that are not padding. */
function averagePool(x: Value, attrs: AvgPoolAttrs): Value {
  const { outShape, window, seen } = poolingOf(x.shape, attrs);
  const sum = (y: Value) => reduceWindow("add", slice(y, start, seen), outShape, window);
  return divide(sum(x), sum(like(x, 1)));
}

export const poolingKernels: Lowerings = {
  AvgPool: ({ x }, attrs: AvgPoolAttrs) => averagePool(x!, attrs),
  MaxPool: ({ x }, attrs: MaxPoolAttrs) => maxPool(x!, attrs),
  MaxPoolGrad: ({ dy, input }, attrs: MaxPoolAttrs) => maxPoolGradient(dy!, input!, attrs),
};
