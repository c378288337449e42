import type { AvgPoolAttrs, MaxPoolAttrs } from "@tensorflow/tfjs";
import { tf } from "../../../tf.ts";
import { divide, like } from "../stablehlo/elementwise.ts";
import { reduceWindow, type SlidingWindow, scatterToLargest } from "../stablehlo/reduce.ts";
import { pad, slice } from "../stablehlo/shape.ts";
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
  const { window, seen } = poolingOf(x.shape, attrs);
  const dx = scatterToLargest(slice(x, start, seen), dy, window);
  return pad(
    dx,
    start,
    x.shape.map((n, d) => n - seen[d]!),
  );
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
