import type { ArgMaxAttrs, CumsumAttrs, MaxAttrs, MeanAttrs, SoftmaxAttrs, SumAttrs } from "../../../tf.ts";
import {
  add,
  compare,
  constant,
  convert,
  divide,
  like,
  scale,
  select,
  subtract,
  toFloat,
  unary,
} from "../stablehlo/elementwise.ts";
import { type Reducer, reduce, reduceWindow } from "../stablehlo/reduce.ts";
import { broadcast, iota, pad, reshape, reverse, sliceAxis } from "../stablehlo/shape.ts";
import { sizeOf } from "../stablehlo/types.ts";
import type { Value } from "../stablehlo/value.ts";
import { axesOf, type Lowering, type Lowerings } from "./lowering.ts";

const ones = (x: Value, axes: readonly number[]): number[] =>
  x.shape.map((n, d) => (axes.includes(d) ? 1 : n));

function reduced(by: Reducer, x: Value, { axis, keepDims }: SumAttrs): Value {
  const axes = axesOf(axis, x);
  const y = reduce(by, x, axes);
  return keepDims ? reshape(y, ones(x, axes)) : y;
}

/** Undefined where one of the values is, which XLA's own maximum on CPUs passes over. */
function largest(x: Value, attrs: SumAttrs): Value {
  const y = reduced("maximum", x, attrs);
  if (x.type !== "float32") return y;
  return select(reduced("or", compare("NE", x, x), attrs), like(y, Number.NaN), y);
}

const named = (by: Reducer): Lowering =>
  (({ x }: { x?: Value }, attrs: SumAttrs) => reduced(by, x!, attrs)) as Lowering;
/** `maximum` and `minimum` have no value of bool to start from. */
const ofNumbers = (by: Reducer): Lowering =>
  (({ x }: { x?: Value }, attrs: SumAttrs) =>
    x!.type === "bool" ? undefined : reduced(by, x!, attrs)) as Lowering;

function mean(x: Value, attrs: MeanAttrs): Value {
  const y = reduced("add", toFloat(x), attrs);
  return scale(y, sizeOf(y.shape) / sizeOf(x.shape));
}

/** The first place along an axis of the largest or least value. */
const argOf = (by: "maximum" | "minimum"): Lowering =>
  (({ x }: { x?: Value }, attrs: ArgMaxAttrs) => {
    const [axis] = axesOf(attrs.axis, x!) as [number];
    const others = x!.shape.map((_, d) => d).filter((d) => d !== axis);
    const isBest = compare("EQ", x!, broadcast(reduce(by, x!, [axis]), others, x!.shape));
    const last = constant("int32", x!.shape[axis]! - 1, x!.shape);
    return reduce("minimum", select(isBest, iota(x!.shape, axis), last), [axis]);
  }) as Lowering;

/** x - max, and the sum of its exponentials, over the last axis. */
function softmaxParts(x: Value): { shifted: Value; sum: Value; spread(y: Value): Value } {
  const last = x.shape.length - 1;
  const others = x.shape.map((_, d) => d).slice(0, -1);
  const spread = (y: Value) => broadcast(y, others, x.shape);
  const shifted = subtract(x, spread(reduce("maximum", x, [last])));
  return { shifted, sum: reduce("add", unary("exponential", shifted), [last]), spread };
}

function cumulativeSum(given: Value, { axis, exclusive, reverse: backward }: CumsumAttrs): Value {
  const at = axesOf(axis, given)[0]!;
  const n = given.shape[at]!;
  if (n === 0) return given;
  const x = backward ? reverse(given, [at]) : given;
  const along = (value: number, other: number) => x.shape.map((_, d) => (d === at ? value : other));
  const y = reduceWindow("add", x, x.shape, {
    size: along(n, 1),
    strides: along(1, 1),
    padding: along(n - 1, 0).map((before) => [before, 0] as const),
  });
  const shifted = exclusive ? sliceAxis(pad(y, along(1, 0), along(0, 0)), at, 0, n) : y;
  return backward ? reverse(shifted, [at]) : shifted;
}

export const reduceKernels: Lowerings = {
  AddN: (_, __, list) => list.reduce(add),
  All: named("and"),
  Any: named("or"),
  ArgMax: argOf("maximum"),
  ArgMin: argOf("minimum"),
  Cumsum: ({ x }, attrs: CumsumAttrs) => cumulativeSum(x!, attrs),
  LogSoftmax: ({ logits }) => {
    const { shifted, sum, spread } = softmaxParts(logits!);
    return subtract(shifted, spread(unary("log", sum)));
  },
  Max: ({ x }, { reductionIndices: axis, keepDims }: MaxAttrs) =>
    x!.type === "bool" ? undefined : largest(x!, { axis, keepDims }),
  Mean: ({ x }, attrs: MeanAttrs) => mean(x!, attrs),
  Min: ofNumbers("minimum"),
  Prod: ofNumbers("multiply"),
  Softmax: ({ logits }, { dim }: SoftmaxAttrs) => {
    if (dim !== logits!.shape.length - 1) return undefined;
    const { shifted, sum, spread } = softmaxParts(logits!);
    return divide(unary("exponential", shifted), spread(sum));
  },
  Sum: ({ x }, attrs: SumAttrs) => reduced("add", x!.type === "bool" ? convert(x!, "int32") : x!, attrs),
};
